"""Colour fields: gradients, soft noise, mixtures."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bot.media.film.mood import Rgb

Field = NDArray[np.float32]


def mixed(first: Rgb, second: Rgb, share: float) -> Rgb:
    """`first` at 0, `second` at 1."""
    return (
        round(first[0] + (second[0] - first[0]) * share),
        round(first[1] + (second[1] - first[1]) * share),
        round(first[2] + (second[2] - first[2]) * share),
    )


def gradient(size_px: tuple[int, int], stops: list[tuple[float, Rgb]], rng: np.random.Generator) -> Field:
    """A vertical gradient, (height, width, 3), with a little noise so that 8 bits do not show as bands."""
    width, height = size_px
    rows = np.linspace(0, 1, height)
    at = [stop for stop, _ in stops]
    columns = [np.interp(rows, at, [colour[band] for _, colour in stops]) for band in range(3)]
    field = np.repeat(np.stack(columns, axis=1)[:, None, :], width, axis=1).astype(np.float32)
    field += rng.normal(0, 0.8, (height, width, 1)).astype(np.float32)
    return field


def picture_of(field: NDArray[np.floating]) -> Image.Image:
    return Image.fromarray(np.clip(field, 0, 255).astype(np.uint8))


def noise(size_px: tuple[int, int], cell_px: float, rng: np.random.Generator, *, stretch: float = 1.0) -> Field:
    """Soft cloudy noise between 0 and 1; `stretch` widens its forms."""
    width, height = size_px
    total = np.zeros((height, width), np.float32)
    weight = 0.0
    for octave in range(4):
        cell = max(1.0, cell_px / 2**octave)
        grid = rng.random((max(2, round(height / cell) + 2), max(2, round(width / cell / stretch) + 2)))
        layer = Image.fromarray((grid * 255).astype(np.uint8)).resize(size_px, Image.Resampling.BICUBIC)
        total += np.asarray(layer, dtype=np.float32) / 255 * 0.5**octave
        weight += 0.5**octave
    return total / weight
