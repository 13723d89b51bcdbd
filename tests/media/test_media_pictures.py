"""What becomes of a person's picture, and which ones are refused in which words."""

import contextlib
import io
import struct
import zlib

import numpy as np
import pillow_heif
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageDraw

from bot.media.pictures import (
    PICTURE_BYTES_MAX,
    PIXELS_MAX,
    Fit,
    FittedPicture,
    PictureRefused,
    Reason,
    fit_picture,
)

pillow_heif.register_heif_opener()
WIDE = (320, 180)


def encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def halves(size: tuple[int, int] = (640, 360), mode: str = "RGB") -> Image.Image:
    """Red above, blue below."""
    picture = Image.new(mode, size, "red")
    ImageDraw.Draw(picture).rectangle((0, size[1] // 2, size[0], size[1]), fill="blue")
    return picture


def noisy(size: tuple[int, int]) -> Image.Image:
    return Image.fromarray(np.random.default_rng(3).integers(0, 255, (size[1], size[0], 3), dtype=np.uint8))


def shown(fitted: FittedPicture) -> Image.Image:
    picture = Image.open(io.BytesIO(fitted.content))
    assert picture.format == "JPEG"
    assert fitted.mime == "image/jpeg"
    assert picture.size == fitted.size_px
    assert picture.mode == "RGB"
    return picture


def is_near(pixel: object, colour: tuple[int, int, int], tolerance: int = 40) -> bool:
    assert isinstance(pixel, tuple)
    return all(abs(one - other) <= tolerance for one, other in zip(pixel, colour, strict=True))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF", "AVIF", "GIF", "BMP", "TIFF"])
def test_every_usual_kind_becomes_a_jpeg_of_the_films_size(kind: str) -> None:
    fitted = fit_picture(encoded(halves(), kind), size_px=WIDE)
    picture = shown(fitted)
    assert fitted.notes == ()
    assert is_near(picture.getpixel((160, 40)), (255, 0, 0))
    assert is_near(picture.getpixel((160, 140)), (0, 0, 255))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "CMYK", "I;16"])
def test_every_usual_colour_mode_is_read(mode: str) -> None:
    grey = Image.linear_gradient("L").resize((400, 400))
    if mode == "I;16":
        source = Image.fromarray(np.asarray(grey).astype(np.uint16) * 256)
    else:
        source = grey.convert("RGB").convert(mode) if mode != "LA" else grey.convert("LA")
    picture = shown(fit_picture(encoded(source, "TIFF"), size_px=(200, 200))).convert("L")
    assert picture.resize((1, 1), box=(0, 0, 200, 40)).getpixel((0, 0)) < 70
    assert picture.resize((1, 1), box=(0, 160, 200, 200)).getpixel((0, 0)) > 185


def test_a_tall_product_is_shown_whole_over_its_own_blur() -> None:
    tall = Image.new("RGB", (300, 900), "white")
    ImageDraw.Draw(tall).rectangle((0, 0, 300, 8), fill="red")
    ImageDraw.Draw(tall).rectangle((0, 892, 300, 900), fill="blue")
    picture = shown(fit_picture(encoded(tall, "PNG"), size_px=WIDE))
    assert is_near(picture.getpixel((160, 0)), (255, 0, 0))
    assert is_near(picture.getpixel((160, 179)), (0, 0, 255))
    edge = picture.getpixel((5, 90))
    assert isinstance(edge, tuple)
    assert 150 < min(edge) < 245, "the edges are a darker blur, neither black bars nor the picture itself"


def test_filling_cuts_what_stands_over_and_says_how_much() -> None:
    fitted = fit_picture(encoded(halves((300, 900)), "PNG"), size_px=WIDE, fit=Fit.FILL)
    picture = shown(fitted)
    assert is_near(picture.getpixel((5, 20)), (255, 0, 0))
    assert is_near(picture.getpixel((315, 170)), (0, 0, 255))
    assert fitted.notes == ("About 81 % of the picture is cut off to fill the frame.",)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_a_phone_picture_is_turned_upright(kind: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: show it rotated by 90 degrees clockwise
    content = encoded(halves((640, 360)), kind, exif=exif)
    picture = shown(fit_picture(content, size_px=(180, 320)))
    assert is_near(picture.getpixel((140, 160)), (255, 0, 0))
    assert is_near(picture.getpixel((40, 160)), (0, 0, 255))


def test_nothing_of_the_metadata_survives() -> None:
    exif = Image.Exif()
    exif[0x010E] = "secret description"
    exif.get_ifd(0x8825)[2] = (52.0, 31.0, 12.0)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    content = encoded(halves(), "JPEG", exif=exif, comment=b"secret comment", icc_profile=profile, xmp=b"<x>secret</x>")
    assert b"secret" in content
    fitted = fit_picture(content, size_px=WIDE)
    assert b"secret" not in fitted.content
    assert b"Exif" not in fitted.content
    assert not Image.open(io.BytesIO(fitted.content)).getexif()
    assert "icc_profile" not in Image.open(io.BytesIO(fitted.content)).info


def test_transparency_is_flattened_on_a_blurred_background_and_not_on_black() -> None:
    cut_out = Image.new("RGBA", (640, 360), (0, 0, 0, 0))
    ImageDraw.Draw(cut_out).ellipse((220, 80, 420, 280), fill=(250, 180, 40, 255))
    picture = shown(fit_picture(encoded(cut_out, "PNG"), size_px=WIDE))
    assert is_near(picture.getpixel((160, 90)), (250, 180, 40))
    corner = picture.getpixel((3, 3))
    assert isinstance(corner, tuple)
    assert corner[0] > 120
    assert corner[0] > corner[2]


def test_a_wholly_transparent_picture_is_grey_and_no_error() -> None:
    picture = shown(fit_picture(encoded(Image.new("RGBA", (400, 400)), "PNG"), size_px=WIDE))
    assert is_near(picture.getpixel((10, 10)), (164, 164, 164))


def test_an_animation_gives_its_first_frame_and_a_note() -> None:
    frames = [Image.new("RGB", (400, 400), colour) for colour in ("red", "lime", "blue")]
    content = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=100)
    fitted = fit_picture(content, size_px=(200, 200))
    assert is_near(shown(fitted).getpixel((100, 100)), (255, 0, 0))
    assert fitted.notes == ("The picture moves; only its first frame is used.",)


def test_a_small_picture_is_used_with_a_note() -> None:
    fitted = fit_picture(encoded(halves((200, 120)), "PNG"), size_px=WIDE)
    assert fitted.notes == ("The picture is small (200 × 120 pixels), so the video may look soft.",)


def refused(content: bytes) -> PictureRefused:
    with pytest.raises(PictureRefused) as refusal:
        fit_picture(content, size_px=WIDE)
    assert refusal.value.words.endswith(".")
    assert "Send" in refusal.value.words or "upload" in refusal.value.words, "the words say what to do"
    return refusal.value


def test_a_tiny_picture_is_refused() -> None:
    assert refused(encoded(halves((640, 63)), "PNG")).reason is Reason.TOO_SMALL


def test_a_file_over_the_limit_is_refused_with_its_size() -> None:
    refusal = refused(encoded(halves(), "BMP") + bytes(PICTURE_BYTES_MAX))
    assert refusal.reason is Reason.TOO_LARGE
    assert "10.7 MB" in refusal.words


@pytest.mark.parametrize("content", [b"", b"just words", b"<html>Sign in to Slack</html>", b"%!PS-Adobe-3.0 EPSF\n"])
def test_what_is_not_a_picture_is_refused(content: bytes) -> None:
    assert refused(content).reason is Reason.NOT_A_PICTURE


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF", "AVIF", "GIF", "BMP", "TIFF"])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.95])
def test_a_picture_cut_off_is_refused(kind: str, share: float) -> None:
    content = encoded(noisy((400, 300)), kind)
    assert refused(content[: int(len(content) * share)]).reason in (Reason.DAMAGED, Reason.NOT_A_PICTURE)


def test_a_decompression_bomb_is_refused_before_it_is_decoded() -> None:
    """A PNG of a few kilobytes that declares 50 million pixels and one."""
    side = 60_000
    header = struct.pack(">IIBBBBB", side, PIXELS_MAX // side + 1, 8, 2, 0, 0, 0)
    assert refused(_png(header)).reason is Reason.TOO_MANY_PIXELS
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    assert refused(_png(header)).reason is Reason.TOO_MANY_PIXELS


def test_a_colour_profile_is_obeyed() -> None:
    """A profile whose red and blue primaries are swapped: what its camera calls red is shown as blue."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for tag in (b"XYZ", b"TRC"):
        red, blue, spare = b"r" + tag, b"b" + tag, b"x" + tag
        profile = profile.replace(red, spare).replace(blue, red).replace(spare, blue)
    picture = shown(fit_picture(encoded(halves(), "PNG", icc_profile=profile), size_px=WIDE))
    assert is_near(picture.getpixel((160, 40)), (0, 0, 255))
    assert is_near(picture.getpixel((160, 140)), (255, 0, 0))


def test_a_broken_colour_profile_does_not_matter() -> None:
    picture = shown(fit_picture(encoded(halves(), "PNG", icc_profile=b"nonsense"), size_px=WIDE))
    assert is_near(picture.getpixel((160, 40)), (255, 0, 0))


@pytest.mark.filterwarnings("ignore:Tag data")
@settings(max_examples=60, deadline=None)
@given(
    place=st.integers(0, 400),
    damage=st.binary(min_size=1, max_size=40),
    kind=st.sampled_from(["JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "HEIF"]),
)
def test_damage_anywhere_is_refused_or_survived_and_never_another_error(place: int, damage: bytes, kind: str) -> None:
    content = bytearray(encoded(noisy((80, 80)), kind))
    content[place : place + len(damage)] = damage
    with contextlib.suppress(PictureRefused):
        shown(fit_picture(bytes(content), size_px=(64, 64)))


def _png(header: bytes) -> bytes:
    body = _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(bytes(1000))) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
