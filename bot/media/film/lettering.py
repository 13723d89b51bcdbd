"""Words on film in whatever fonts this machine has, and never a tofu box.

Pillow carries one good Latin font of its own; other scripts are looked for in the system's font folders. A character
that no font draws (emoji, or Chinese on a machine without such a font) is left out.
"""

import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

Face = ImageFont.FreeTypeFont
FONT_FOLDERS = (
    Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), Path("/System/Library/Fonts"), Path("/Library/Fonts"),
    Path("C:/Windows/Fonts"),
)  # fmt: skip
PREFERRED = (
    "NotoSans-Regular", "NotoSansCJK-Regular", "NotoSansArabic-Regular", "NotoSansHebrew-Regular",
    "NotoSansDevanagari-Regular", "NotoSansThai-Regular", "PingFang", "Hiragino Sans GB", "AppleSDGothicNeo",
    "Arial Unicode", "segoeui", "msyh", "meiryo", "malgun", "wqy-microhei", "DroidSansFallbackFull", "DejaVuSans",
    "FreeSans", "LiberationSans-Regular",
)  # fmt: skip
SUFFIXES = frozenset({".ttf", ".otf", ".ttc"})
NOBODY_DRAWS = "\U0010fffe"  # a noncharacter: every font shows its own empty box for it


@lru_cache(maxsize=1)
def font_files() -> tuple[Path, ...]:
    """The fonts worth asking, best first. Read once a process."""
    found = {
        path.stem: path
        for folder in FONT_FOLDERS
        if folder.is_dir()
        for path in folder.rglob("*")
        if path.suffix.lower() in SUFFIXES
    }
    return tuple(found[name] for name in PREFERRED if name in found)


@lru_cache(maxsize=64)
def _faces(size_px: int) -> tuple[Face, ...]:
    own = ImageFont.load_default(size=size_px)
    assert isinstance(own, ImageFont.FreeTypeFont)
    return own, *(ImageFont.truetype(path, size_px) for path in font_files())


@lru_cache(maxsize=4096)
def _face_number(character: str) -> int | None:
    """Which face draws this character, by comparing it with that face's empty box."""
    for number, face in enumerate(_faces(32)):
        drawn = face.getmask(character)
        if drawn.size != (box := face.getmask(NOBODY_DRAWS)).size or bytes(drawn) != bytes(box):
            return number
    return None


def drawable(text: str) -> str:
    """`text` on one line, without what cannot be drawn."""
    kept = []
    for character in unicodedata.normalize("NFC", text):
        if character.isspace():
            kept.append(" ")
        elif unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Cn"}:
            continue
        elif _face_number(character) is not None:
            kept.append(character)
    return " ".join("".join(kept).split())


def _runs(text: str) -> Iterator[tuple[int, str]]:
    """Stretches that one face draws. Spaces and marks stay with the letter before them."""
    number, run = 0, ""
    for character in text:
        stays = run and (character == " " or unicodedata.combining(character))
        wanted = number if stays else _face_number(character) or 0
        if run and wanted != number:
            yield number, run
            run = ""
        number, run = wanted, run + character
    if run:
        yield number, run


def _reads_leftwards(text: str) -> bool:
    directions = (unicodedata.bidirectional(character) for character in text)
    return next((each for each in directions if each in {"L", "R", "AL"}), "L") != "L"


def width_of(text: str, size_px: int) -> float:
    return sum(_faces(size_px)[number].getlength(run) for number, run in _runs(text))


def wrapped(text: str, size_px: int, *, width_px: float, lines_max: int) -> list[str]:
    """Break at spaces, or anywhere in scripts without them; what does not fit ends in an ellipsis."""
    lines: list[str] = []
    rest = text
    while rest and len(lines) < lines_max:
        count = _fitting(rest, size_px, width_px)
        if count < len(rest):
            space = rest.rfind(" ", 0, count + 1)
            count = space if space > count // 3 else count
        lines.append(rest[:count].strip())
        rest = rest[count:].strip()
    if rest:
        shortened = lines[-1][: max(1, _fitting(lines[-1] + "…", size_px, width_px) - 1)]
        lines[-1] = shortened.rstrip(" ,.;:") + "…"
    return lines


def _fitting(text: str, size_px: int, width_px: float) -> int:
    """How many characters fit; at least one, so that wrapping always ends."""
    low, high = 1, min(len(text), 400)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if width_of(text[:middle], size_px) <= width_px else (low, middle - 1)
    return low


def write(
    canvas: Image.Image,
    at: tuple[float, float],
    text: str,
    *,
    size_px: int,
    colour: tuple[int, int, int, int],
    weight_px: float = 0,
) -> None:
    """Draw one line with its baseline's left end `at`; `weight_px` thickens Pillow's only weight into a bold one."""
    draw, x = ImageDraw.Draw(canvas), at[0]
    runs = list(_runs(text))
    for number, run in reversed(runs) if _reads_leftwards(text) else runs:
        face = _faces(size_px)[number]
        draw.text((x, at[1]), run, font=face, fill=colour, anchor="ls", stroke_width=weight_px, stroke_fill=colour)
        x += face.getlength(run)
