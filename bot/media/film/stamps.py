"""Lettering and marks laid onto finished frames, in the encoder's own colour planes (BT.709, 4:2:0)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Plane = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Planes:
    """One frame. `packed` is what the encoder takes; the other three look into it."""

    packed: Plane
    luma: Plane
    blue: Plane
    red: Plane

    @classmethod
    def over(cls, packed: Plane, size_px: tuple[int, int]) -> "Planes":
        width, height = size_px
        flat, count = packed.reshape(-1), width * height
        half = (height // 2, width // 2)
        return cls(
            packed=packed,
            luma=flat[:count].reshape(height, width),
            blue=flat[count : count * 5 // 4].reshape(half),
            red=flat[count * 5 // 4 :].reshape(half),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """A picture with transparency, converted once; each value is already multiplied by its cover."""

    at: tuple[int, int]
    values: tuple[NDArray[np.uint16], ...]
    covers: tuple[NDArray[np.uint16], ...]

    @classmethod
    def of(cls, picture: Image.Image, at: tuple[int, int]) -> "Stamp":
        """`picture` is RGBA with even sides; `at` is even too, because colour has half the points."""
        rgba = np.asarray(picture.convert("RGBA"), dtype=np.float32)
        red, green, blue, cover = (rgba[..., band] for band in range(4))
        luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue
        bands = (16 + luma * 219 / 255, 128 + (blue - luma) / 1.8556 * 224 / 255, 128 + (red - luma) / 1.5748 * 224 / 255)
        covers = (cover, _halved(cover), _halved(cover))
        values = (bands[0] * cover, _halved(bands[1] * cover), _halved(bands[2] * cover))
        return cls(
            at=at,
            values=tuple((each / 255).astype(np.uint16) for each in values),
            covers=tuple(each.astype(np.uint16) for each in covers),
        )

    def press(self, frame: Planes, share: float = 1.0) -> None:
        """Blend onto the frame, `share` of the way (a fade)."""
        level = round(share * 256)
        if level <= 0:
            return
        for number, plane in enumerate((frame.luma, frame.blue, frame.red)):
            scale = 1 if number == 0 else 2
            left, top = self.at[0] // scale, self.at[1] // scale
            value, cover = self.values[number], self.covers[number]
            part = plane[top : top + value.shape[0], left : left + value.shape[1]]
            shade = (cover * level) >> 8
            part[...] = np.minimum(((part * (255 - shade)) // 255) + ((value * level) >> 8), 255)


def _halved(band: NDArray[np.float32]) -> NDArray[np.float32]:
    return ((band[0::2, 0::2] + band[1::2, 0::2] + band[0::2, 1::2] + band[1::2, 1::2]) / 4).astype(np.float32)
