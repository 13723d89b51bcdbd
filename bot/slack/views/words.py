"""How amounts, times and other people's text are written, in one place each."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from bot.catalogue.model import ModelClass, Shape

CENT = Decimal("0.01")
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_INVISIBLE = "\u2060"
"""Word joiner: takes no room and keeps Slack from making a link or an emphasis."""
_TURNERS = dict.fromkeys(map(ord, "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"))
"""They turn the direction of whatever follows: inside a sentence of ours, our own words and the price."""

SHAPES = {Shape.WIDE: "Wide (16:9)", Shape.VERTICAL: "Vertical (9:16)", Shape.SQUARE: "Square (1:1)"}
CLASSES = {ModelClass.FAST: "Fast", ModelClass.PRO: "Best"}


def quoted(text: str, *, limit_chars: int = 200) -> str:
    """Text of a person or a service inside `mrkdwn` or a notification: it can neither ping nor link nor format."""
    line = " ".join(text.translate(_TURNERS).split())
    if len(line) > limit_chars:
        line = line[: limit_chars - 1].rstrip() + "…"
    for mark in ("*", "_", "~", "`"):
        line = line.replace(mark, mark + _INVISIBLE)
    return line.translate(_ESCAPES).replace("://", f":{_INVISIBLE}//").replace("@", f"@{_INVISIBLE}")


def usd(micros: int) -> str:
    """Micro-dollars as people write money; less than a cent is not nothing."""
    amount = Decimal(micros) / 1_000_000
    if 0 < amount < CENT:
        return "under $0.01"
    return f"${amount.quantize(CENT, ROUND_HALF_UP):,}"


def price(micros: int, *, free: bool, is_ceiling: bool = False) -> str:
    """A price as an offer says it. Free is said in words: an amount of nothing looks like a mistake."""
    if free:
        return "free"
    return f"up to {usd(micros)}" if is_ceiling else usd(micros)


def span(time: timedelta) -> str:
    """How long something takes or took, in the one unit that matters."""
    seconds = max(0, round(time.total_seconds()))
    if seconds < 90:
        return f"{seconds} s"
    if seconds < 90 * 60:
        return f"{round(seconds / 60)} min"
    if seconds < 48 * 3600:
        return f"{round(seconds / 3600)} h"
    return f"{round(seconds / 86400)} days"


def moment(time: datetime, *, how: str = "date_short_pretty") -> str:
    """A time in the reader's own zone: Slack draws it, the UTC text is for those who cannot."""
    return f"<!date^{int(time.timestamp())}^{{{how}}} {{time}}|{time:%Y-%m-%d %H:%M} UTC>"


def listed(words: Sequence[str], *, last: str = "or") -> str:
    """As in "4, 8 or 12"."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def counted(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def sentence(words: str) -> str:
    """Closed with a full stop, whoever wrote it. Not begun with a capital: it may begin with a service's name."""
    words = words.strip()
    return words if not words or words[-1] in ".!?…" else f"{words}."
