"""Drawing in layers: a far still sky, silhouettes that slide over it at their own depth, and small sprites.

Speed decides the form. A silhouette keeps one colour picture and four masks, shifted by quarter pixels, so that slow
moves stay smooth with nothing dearer per frame than `Image.paste`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bot.media.film.mood import Rgb

PHASES = 4
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One sheet in front of the sky. Places and speeds are in pixels and seconds of the finished frame."""

    colour: Image.Image
    masks: tuple[Image.Image, ...]
    """Each as large as `colour`."""
    solid: Image.Image | None = None
    """What lies below the masks and hides all behind it: pasted without a mask, which is many times faster."""
    left_px: float
    top_px: float
    depth: float
    """1 moves with the camera, 0 stands still like the sky."""
    drift_px_s: float = 0.0
    bob_px: float = 0.0
    bob_s: float = 6.0
    vertical: bool = False
    """The masks are shifted up and down instead of sideways."""

    def place(self, canvas: Image.Image, time_s: float, offset_px: tuple[float, float]) -> None:
        bob = self.bob_px * float(np.sin(time_s * 2 * np.pi / self.bob_s + self.left_px + self.top_px))
        x = self.left_px + offset_px[0] * self.depth + self.drift_px_s * time_s
        y = self.top_px + offset_px[1] * self.depth + bob
        moving = y if self.vertical else x
        whole = int(np.floor(moving))
        mask = self.masks[int((moving - whole) * len(self.masks))]
        at = (round(x), whole) if self.vertical else (whole, round(y))
        canvas.paste(self.colour, at, mask)
        if self.solid is not None:
            canvas.paste(self.solid, (at[0], at[1] + self.colour.height))


def silhouette_masks(crest_px: NDArray[np.float64], height_px: int, *, vertical: bool) -> tuple[Image.Image, ...]:
    """Masks, opaque below `crest_px` (one y per column), with soft edges, at each quarter-pixel phase."""
    columns = np.arange(len(crest_px), dtype=np.float64)
    rows = np.arange(height_px, dtype=np.float32)[:, None]
    masks = []
    for phase in range(PHASES):
        shift = phase / PHASES
        crest = crest_px + shift if vertical else np.interp(columns - shift, columns, crest_px)
        cover = np.clip(rows + 0.5 - crest[None, :].astype(np.float32), 0, 1) * 255
        masks.append(Image.fromarray(cover.astype(np.uint8)))
    return tuple(masks)


Path2d = Callable[[float], tuple[float, float]]
"""Where a sprite's middle is at a time."""


BRIGHTNESSES = 12


class Sprite:
    """A small soft shape on a path of its own; `brightness` gives 0 to 1 over time."""

    def __init__(
        self, *, colour: Rgb, mask: Image.Image, path: Path2d, brightness: Callable[[float], float] | None = None
    ) -> None:
        self._colour, self._path, self._brightness = colour, path, brightness
        steps = [BRIGHTNESSES] if brightness is None else range(BRIGHTNESSES + 1)
        self._masks = [mask.point([level * step // BRIGHTNESSES for level in range(256)]) for step in steps]

    def place(self, canvas: Image.Image, time_s: float) -> None:
        x, y = self._path(time_s)
        step = 0 if self._brightness is None else round(self._brightness(time_s) * BRIGHTNESSES)
        mask = self._masks[step]
        left, top = round(x - mask.width / 2), round(y - mask.height / 2)
        canvas.paste(self._colour, (left, top, left + mask.width, top + mask.height), mask)


def disc(radius_px: float, *, softness: float = 0.5, level: int = 255, flatten: float = 1.0) -> Image.Image:
    """A round (or flattened) spot's mask; `softness` is the share of the radius over which it fades."""
    half_w, half_h = max(1, round(radius_px)) + 1, max(1, round(radius_px / flatten)) + 1
    y, x = np.mgrid[-half_h : half_h + 1, -half_w : half_w + 1].astype(np.float32)
    distance = np.hypot(x, y * flatten) / max(radius_px, 0.5)
    cover = np.clip((1 - distance) / max(softness, 0.02), 0, 1)
    return Image.fromarray((cover * level).astype(np.uint8))
