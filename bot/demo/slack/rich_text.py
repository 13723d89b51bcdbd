"""The shapes inside a `rich_text` block: paragraphs, lists, quotes, code, and the pieces of text in them."""

from typing import Final

from bot.demo.slack.shapes import Many, Number, Record, Shape, Text, Truth, Typed

STYLE: Final = Record(
    may={name: Truth() for name in ("bold", "italic", "strike", "code", "underline", "highlight", "unlink")}
)
_STYLED: Final[dict[str, Shape]] = {"style": STYLE}
_ID: Final = Text(most=20, least=1)
PIECES: Final[dict[str, Shape]] = {
    "text": Record(needs={"text": Text(most=12_000, least=1)}, may=_STYLED),
    "link": Record(needs={"url": Text(most=3000, least=1)}, may=_STYLED | {"text": Text(most=3000), "unsafe": Truth()}),
    "emoji": Record(needs={"name": Text(most=100)}, may=_STYLED | {"unicode": Text(most=50), "skin_tone": Number()}),
    "user": Record(needs={"user_id": _ID}, may=_STYLED),
    "channel": Record(needs={"channel_id": _ID}, may=_STYLED),
    "usergroup": Record(needs={"usergroup_id": _ID}, may=_STYLED),
    "team": Record(needs={"team_id": _ID}, may=_STYLED),
    "broadcast": Record(needs={"range": Text(most=10, among=frozenset({"here", "channel", "everyone"}))}, may=_STYLED),
    "date": Record(
        needs={"timestamp": Number(), "format": Text(most=200)},
        may=_STYLED | {"url": Text(most=3000), "fallback": Text(most=500)},
    ),
    "color": Record(needs={"value": Text(most=10)}, may=_STYLED),
}
_INSIDE: Final = Many(of=Typed(table=PIECES), most=1000, least=0)
_SECTION: Final = Record(needs={"elements": _INSIDE})
RICH_TEXT_ELEMENTS: Final[dict[str, Shape]] = {
    "rich_text_section": _SECTION,
    "rich_text_quote": Record(needs={"elements": _INSIDE}, may={"border": Number()}),
    "rich_text_preformatted": Record(needs={"elements": _INSIDE}, may={"border": Number(), "language": Text(most=50)}),
    "rich_text_list": Record(
        needs={
            "elements": Many(of=Typed(table={"rich_text_section": _SECTION}), most=1000, least=0),
            "style": Text(most=10, among=frozenset({"bullet", "ordered"})),
        },
        may={"indent": Number(least=0, most=8), "offset": Number(least=0), "border": Number()},
    ),
}
