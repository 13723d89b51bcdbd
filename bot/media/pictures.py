"""A person's picture made into the exact first frame of a film, before money moves. Blocking: call in a thread.

What leaves here was decoded and encoded again, so nothing of the original's metadata (place, camera, name) is left.
"""

import io
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

import pillow_heif
from PIL import Image, ImageCms, ImageEnhance, ImageFilter, ImageOps, ImageStat

PICTURE_BYTES_MAX = 10 * 1024 * 1024
PIXELS_MAX = 50_000_000
"""A 48-megapixel phone picture passes; decoded it takes 200 MB for a moment."""
SIDE_PX_MIN = 64
SIDE_PX_SHARP = 300
FORMATS = ("JPEG", "PNG", "WEBP", "HEIF", "AVIF", "GIF", "BMP", "TIFF")
"""Nothing else is even tried: some of Pillow's readers start other programs."""
DAMAGE = (OSError, ValueError, SyntaxError, EOFError, IndexError, KeyError, TypeError, struct.error, zlib.error)
"""What Pillow's readers raise on broken files; each has its own habits."""

pillow_heif.register_heif_opener()


class Fit(StrEnum):
    WHOLE = "whole"
    """The whole picture, edges filled with its own blur: a product is never cut."""
    FILL = "fill"
    """The frame filled, what stands over cut off."""


class Reason(StrEnum):
    NOT_A_PICTURE = "not_a_picture"
    DAMAGED = "damaged"
    TOO_LARGE = "too_large"
    TOO_MANY_PIXELS = "too_many_pixels"
    TOO_SMALL = "too_small"


class PictureRefused(Exception):
    """The picture cannot be used; `words` tell the person what to do."""

    def __init__(self, reason: Reason, words: str) -> None:
        super().__init__(reason, words)
        self.reason, self.words = reason, words


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedPicture:
    content: bytes
    mime: str
    size_px: tuple[int, int]
    notes: tuple[str, ...]
    """Whole sentences for the person who sent it; empty when there is nothing to know."""


def fit_picture(content: bytes, *, size_px: tuple[int, int], fit: Fit = Fit.WHOLE) -> FittedPicture:
    """Turn any picture into a JPEG of exactly `size_px` (width, height).

    Raises:
        PictureRefused: with the reason, and words for the person.
    """
    if len(content) > PICTURE_BYTES_MAX:
        raise PictureRefused(
            Reason.TOO_LARGE,
            f"This picture has {len(content) / 1024 / 1024:.1f} MB, and 10 MB is the most. Send a smaller copy of it.",
        )
    with _opened(content) as picture:
        notes = _look_over(picture)
        upright = _decoded(picture, size_px)
    frame = _framed(upright, size_px, fit)
    if fit is Fit.FILL and (lost := _share_cut(upright.size, size_px)) > 0.15:
        notes.append(f"About {round(lost * 100)} % of the picture is cut off to fill the frame.")
    jpeg = io.BytesIO()
    frame.save(jpeg, "JPEG", quality=93, subsampling=0)
    return FittedPicture(content=jpeg.getvalue(), mime="image/jpeg", size_px=size_px, notes=tuple(notes))


@contextmanager
def _opened(content: bytes) -> Iterator[Image.Image]:
    """Read the head alone; the size is known before anything is decoded."""
    try:
        picture = Image.open(io.BytesIO(content), formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise _too_many_pixels() from error
    except DAMAGE as error:
        if content.startswith((b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"RIFF")) or content[4:8] == b"ftyp":
            raise _damaged() from error
        raise PictureRefused(
            Reason.NOT_A_PICTURE, "This file is not a picture we can read. Send a JPEG, PNG, WebP or HEIC picture."
        ) from error
    with picture:
        yield picture


def _look_over(picture: Image.Image) -> list[str]:
    """Refuse by size, and note what a person should know."""
    width, height = picture.size
    if width * height > PIXELS_MAX:
        raise _too_many_pixels()
    if min(width, height) < SIDE_PX_MIN:
        raise PictureRefused(
            Reason.TOO_SMALL,
            f"This picture has only {width} × {height} pixels. Send one with {SIDE_PX_SHARP} or more on each side.",
        )
    notes = []
    if min(width, height) < SIDE_PX_SHARP:
        notes.append(f"The picture is small ({width} × {height} pixels), so the video may look soft.")
    if picture.format != "MPO" and getattr(picture, "is_animated", False):
        notes.append("The picture moves; only its first frame is used.")
    return notes


def _decoded(picture: Image.Image, size_px: tuple[int, int]) -> Image.Image:
    """Upright, in sRGB, RGB or RGBA."""
    try:
        picture.draft(None, (max(size_px), max(size_px)))  # a JPEG can be decoded at half or quarter size: less memory
        picture.load()
        upright = ImageOps.exif_transpose(picture)
        if upright.mode.startswith("I"):  # 16 bits a pixel, which Pillow would clip instead of scaling
            upright = upright.convert("I").point(lambda level: level / 256).convert("L")
        clear = upright.has_transparency_data
        return _in_srgb(upright).convert("RGBA" if clear else "RGB")
    except MemoryError as error:
        raise _too_many_pixels() from error
    except DAMAGE as error:
        raise _damaged() from error


def _in_srgb(picture: Image.Image) -> Image.Image:
    """Phones shoot in wider colour spaces; read as sRGB, a product's colour would be another one."""
    profile = picture.info.get("icc_profile")
    if not isinstance(profile, bytes) or picture.mode not in {"RGB", "CMYK"}:
        return picture
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError):
        return picture  # a broken profile: the colours as they are
    return converted or picture


def _framed(picture: Image.Image, size_px: tuple[int, int], fit: Fit) -> Image.Image:
    match fit:
        case Fit.WHOLE:
            front = ImageOps.contain(picture, size_px, Image.Resampling.LANCZOS)
            if front.width >= size_px[0] - 2 and front.height >= size_px[1] - 2:
                front = picture.resize(size_px, Image.Resampling.LANCZOS)
        case Fit.FILL:
            front = ImageOps.fit(picture, size_px, Image.Resampling.LANCZOS)
    if front.mode == "RGB" and front.size == size_px:
        return front
    frame = _blurred(picture, size_px)
    at = ((size_px[0] - front.width) // 2, (size_px[1] - front.height) // 2)
    frame.paste(front, at, front if front.mode == "RGBA" else None)
    return frame


def _blurred(picture: Image.Image, size_px: tuple[int, int]) -> Image.Image:
    """The picture itself as a calm background: small, blurred, a little darker."""
    small_side = (max(8, size_px[0] // 8), max(8, size_px[1] // 8))
    small = ImageOps.fit(picture, small_side, Image.Resampling.BOX)
    if small.mode == "RGBA":
        cover = small.getchannel("A")
        seen = ImageStat.Stat(small.convert("RGB"), cover.point(lambda level: 255 if level > 127 else 0))
        tone = tuple(round(level) for level in seen.mean) if seen.count[0] else (200, 200, 200)
        flat = Image.new("RGB", small.size, tone)
        flat.paste(small, (0, 0), cover)
        small = flat
    small = small.filter(ImageFilter.GaussianBlur(max(small.size) / 22))
    return ImageEnhance.Brightness(small.resize(size_px, Image.Resampling.BICUBIC)).enhance(0.82)


def _share_cut(size: tuple[int, int], size_px: tuple[int, int]) -> float:
    """How much of the picture's area stands over the frame."""
    ratio = (size[0] / size[1]) / (size_px[0] / size_px[1])
    return 1 - min(ratio, 1 / ratio)


def _too_many_pixels() -> PictureRefused:
    return PictureRefused(
        Reason.TOO_MANY_PIXELS, "This picture has too many pixels (50 million is the most). Send a smaller copy of it."
    )


def _damaged() -> PictureRefused:
    return PictureRefused(Reason.DAMAGED, "This picture is damaged or was not uploaded whole. Please upload it again.")
