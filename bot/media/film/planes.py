"""Frames as the encoder takes them (BT.709, 4:2:0), and drawing straight into them.

Painting in RGB and converting each frame cost more than the encoder itself; three grey planes, two of them half as
wide and high, are less than half of RGB's bytes and need no conversion.
"""

from dataclasses import dataclass

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bot.media.film.mood import Rgb

Plane = NDArray[np.uint8]
Box = tuple[float, float, float, float]
SCALES = (1, 2, 2)
"""Luma has every pixel, the two colour planes every second one in each direction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Canvas:
    """A picture being painted: luma, blue and red, each an "L" image."""

    bands: tuple[Image.Image, Image.Image, Image.Image]

    @classmethod
    def of(cls, picture: Image.Image) -> "Canvas":
        """Converted from RGB; a side that is odd gets one more pixel, its edge repeated."""
        wide, tall = picture.width + picture.width % 2, picture.height + picture.height % 2
        pixels = np.asarray(picture.convert("RGB"))
        pixels = np.pad(pixels, ((0, tall - picture.height), (0, wide - picture.width), (0, 0)), mode="edge")
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
        packed = frame.reformat(format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG").to_ndarray()
        planes = Frame.over(packed.astype(np.uint8, copy=False), (wide, tall))
        luma, blue, red = (Image.fromarray(plane) for plane in planes.bands)
        return cls(bands=(luma, blue, red))

    def copy(self) -> "Canvas":
        luma, blue, red = (band.copy() for band in self.bands)
        return Canvas(bands=(luma, blue, red))

    def framed(self, size_px: tuple[int, int], box: Box | None) -> "Frame":
        """A frame of the canvas, or of a part of it between pixels too."""
        frame = Frame.over(np.empty((size_px[1] * 3 // 2, size_px[0]), np.uint8), size_px)
        for target, band, scale in zip(frame.bands, self.bands, SCALES, strict=True):
            seen = band
            if box is not None:
                part = (box[0] / scale, box[1] / scale, box[2] / scale, box[3] / scale)
                seen = band.resize((target.shape[1], target.shape[0]), Image.Resampling.BILINEAR, box=part)
            target[...] = np.asarray(seen)
        return frame


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A finished frame. `packed` is what the encoder takes; the bands look into it."""

    packed: Plane
    bands: tuple[Plane, Plane, Plane]

    @classmethod
    def over(cls, packed: Plane, size_px: tuple[int, int]) -> "Frame":
        (width, height), flat = size_px, packed.reshape(-1)
        count, half = width * height, (height // 2, width // 2)
        luma = flat[:count].reshape(height, width)
        return cls(
            packed=packed,
            bands=(luma, flat[count : count * 5 // 4].reshape(half), flat[count * 5 // 4 :].reshape(half)),
        )


def yuv(colour: Rgb) -> tuple[int, int, int]:
    """One colour in the encoder's terms: ITU-R BT.709, studio range."""
    red, green, blue = colour
    luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return (
        round(16 + luma * 219 / 255),
        round(128 + (blue - luma) / 1.8556 * 224 / 255),
        round(128 + (red - luma) / 1.5748 * 224 / 255),
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
        cover = picture.getchannel("A")
        covers = (cover, *2 * (cover.reduce(2),))
        values = Canvas.of(picture).bands
        levels = tuple(np.asarray(each).astype(np.uint16) for each in covers)
        products = tuple(np.asarray(band) * level // 255 for band, level in zip(values, levels, strict=True))
        return cls(at=at, values=products, covers=levels)

    def press(self, frame: Frame, share: float = 1.0) -> None:
        """Blend onto the frame, `share` of the way (a fade). What stands over the frame's edge is cut off."""
        fade = round(share * 256)
        for plane, value, cover, scale in zip(frame.bands, self.values, self.covers, SCALES, strict=True):
            left, top = self.at[0] // scale, self.at[1] // scale
            part = plane[top : top + value.shape[0], left : left + value.shape[1]]
            inside = (slice(part.shape[0]), slice(part.shape[1]))
            rest = 255 - ((cover[inside] * fade) >> 8)
            part[...] = part * rest // 255 + ((value[inside] * fade) >> 8)
