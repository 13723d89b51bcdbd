"""Preview pictures from the real frames of a film: a WebP poster and a JPEG sheet."""

import io
from pathlib import Path
from typing import Final

import av
from PIL import Image

SHEET_COLUMNS: Final = 4
SHEET_ROWS: Final = 3
CELL_WIDTH_PX: Final = 320


def thumbnail(film: Path) -> bytes:
    """The frame from the middle, WebP, at most 640 px wide or high."""
    frame = _frames(film, count=1)[0]
    frame.thumbnail((640, 640))
    return _encoded(frame, "WEBP")


def spritesheet(film: Path) -> bytes:
    """Twelve frames at even distances, four in a row, JPEG."""
    frames = _frames(film, count=SHEET_COLUMNS * SHEET_ROWS)
    height = round(frames[0].height * CELL_WIDTH_PX / frames[0].width)
    sheet = Image.new("RGB", (CELL_WIDTH_PX * SHEET_COLUMNS, height * SHEET_ROWS))
    for place, frame in enumerate(frames):
        row, column = divmod(place, SHEET_COLUMNS)
        sheet.paste(frame.resize((CELL_WIDTH_PX, height)), (column * CELL_WIDTH_PX, row * height))
    return _encoded(sheet, "JPEG")


def _frames(film: Path, *, count: int) -> list[Image.Image]:
    """`count` frames, each from the middle of its share of the film. Decodes all, keeps the wanted."""
    with av.open(str(film)) as container:
        stream = container.streams.video[0]
        total = stream.frames or sum(1 for _ in container.decode(stream))
        wanted = [int((place + 0.5) * total / count) for place in range(count)]
        container.seek(0)
        found = {number: _picture(frame) for number, frame in enumerate(container.decode(stream)) if number in wanted}
    return [found[number] for number in wanted]


def _picture(frame: av.VideoFrame) -> Image.Image:
    return Image.fromarray(frame.to_ndarray(format="rgb24"))


def _encoded(picture: Image.Image, kind: str) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, quality=82)
    return file.getvalue()
