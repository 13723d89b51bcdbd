"""Silhouettes that slide at their own depth, and small sprites with a path of their own.

A silhouette keeps four masks, shifted by quarter pixels, so that slow moves stay smooth and a frame costs no more
than a few `Image.paste`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bot.media.film.mood import Rgb
from bot.media.film.planes import SCALES, Canvas, yuv

PHASES = 4
BRIGHTNESSES = 12
Crest = NDArray[np.float64]
Masks = tuple[Image.Image, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One sheet in front of the sky. Places and speeds are in pixels and seconds of the finished frame."""

    colour: Canvas
    masks: tuple[Masks, Masks]
    """For luma and for the two colour planes, as large as those of `colour`."""
    solid: Canvas | None = None
    """What lies below `colour` and hides all behind it: pasted without a mask, which is many times faster."""
    left_px: float
    top_px: float
    depth: float
    """1 moves with the camera, 0 stands still like the sky."""
    drift_px_s: float = 0.0
    bob_px: float = 0.0
    bob_s: float = 6.0
    vertical: bool = False
    """The masks are shifted up and down instead of sideways."""

    def place(self, canvas: Canvas, time_s: float, offset_px: tuple[float, float]) -> None:
        bob = self.bob_px * float(np.sin(time_s * 2 * np.pi / self.bob_s + self.left_px + self.top_px))
        x = self.left_px + offset_px[0] * self.depth + self.drift_px_s * time_s
        y = self.top_px + offset_px[1] * self.depth + bob
        for number, (band, scale) in enumerate(zip(canvas.bands, SCALES, strict=True)):
            masks = self.masks[scale - 1]
            moving = (y if self.vertical else x) / scale
            whole = int(np.floor(moving))
            mask = masks[int((moving - whole) * len(masks))]
            at = (round(x / scale), whole) if self.vertical else (whole, round(y / scale))
            band.paste(self.colour.bands[number], at, mask)
            if self.solid is not None:
                band.paste(self.solid.bands[number], (at[0], at[1] + mask.height))


def silhouette_masks(crest_px: Crest, height_px: int, *, vertical: bool) -> tuple[Masks, Masks]:
    """Masks, opaque below `crest_px` (one y per column), soft at the edge, in each phase. The height is even."""
    return _phases(crest_px, height_px, vertical), _phases(crest_px[::2] / 2, height_px // 2, vertical)


def _phases(crest_px: Crest, height_px: int, vertical: bool) -> Masks:
    columns = np.arange(len(crest_px), dtype=np.float64)
    rows = np.arange(height_px, dtype=np.float32)[:, None]
    masks = []
    for phase in range(PHASES):
        down, across = (phase / PHASES, 0.0) if vertical else (0.0, phase / PHASES)
        cover = np.zeros((height_px, len(crest_px)), np.float32)
        for inside in (-0.33, 0.0, 0.33):  # three looks within a column: steep sides would be stairs
            crest = np.interp(columns - across + inside, columns, crest_px) + down
            cover += np.clip(rows + 0.5 - crest[None, :].astype(np.float32), 0, 1)
        masks.append(Image.fromarray((cover * 85).astype(np.uint8)))
    return tuple(masks)


def still_masks(mask: Image.Image) -> tuple[Masks, Masks]:
    """For a soft or quick shape that needs no phases. Even sides."""
    return (mask,), (mask.reduce(2),)


Path2d = Callable[[float], tuple[float, float]]
"""Where a sprite's middle is at a time."""


class Sprite:
    """A small soft shape on a path of its own; `brightness` gives 0 to 1 over time."""

    def __init__(
        self, *, colour: Rgb, mask: Image.Image, path: Path2d, brightness: Callable[[float], float] | None = None
    ) -> None:
        self._colour, self._path, self._brightness = yuv(colour), path, brightness
        steps = [BRIGHTNESSES] if brightness is None else range(BRIGHTNESSES + 1)
        half = mask.reduce(2)
        self._masks = [(_dimmed(mask, step), _dimmed(half, step)) for step in steps]

    def place(self, canvas: Canvas, time_s: float) -> None:
        x, y = self._path(time_s)
        step = 0 if self._brightness is None else round(self._brightness(time_s) * BRIGHTNESSES)
        for band, level, scale in zip(canvas.bands, self._colour, SCALES, strict=True):
            mask = self._masks[step][scale - 1]
            left, top = round(x / scale - mask.width / 2), round(y / scale - mask.height / 2)
            band.paste(level, (left, top, left + mask.width, top + mask.height), mask)


def _dimmed(mask: Image.Image, step: int) -> Image.Image:
    return mask.point([level * step // BRIGHTNESSES for level in range(256)])


def disc(radius_px: float, *, softness: float = 0.5, level: int = 255, flatten: float = 1.0) -> Image.Image:
    """A round (or flattened) spot's mask; `softness` is the share of the radius over which it fades. Even sides."""
    half_w, half_h = max(1, round(radius_px)) + 1, max(1, round(radius_px / flatten)) + 1
    y, x = np.mgrid[-half_h:half_h, -half_w:half_w].astype(np.float32) + 0.5
    distance = np.hypot(x, y * flatten) / max(radius_px, 0.5)
    cover = np.clip((1 - distance) / max(softness, 0.02), 0, 1)
    return Image.fromarray((cover * level).astype(np.uint8))
