"""What a video is called in Slack, made from its prompt so that Slack's search finds it."""

import re
import unicodedata

SLUG_CHARS_MAX = 60
TITLE_CHARS_MAX = 100
ALT_CHARS_MAX = 1000
"""`alt_txt` of files.getUploadURLExternal (docs.slack.dev, read 2026-11-21)."""
ARTICLES = frozenset({"a", "an", "the"})


def file_name(prompt: str, *, length_s: int, number: int, ending: str = "mp4") -> str:
    """`corgi-surfing-at-sunset-8s-142.mp4`. Plain ASCII; a prompt without any is `video-8s-142.mp4`."""
    return f"{_slug(prompt) or 'video'}-{length_s}s-{number}.{ending}"


def file_title(prompt: str, *, number: int) -> str:
    """The prompt's beginning as one line. Slack shows titles as plain text: nothing in them pings or links."""
    words = _one_line(prompt)
    return f"{_cut(words, TITLE_CHARS_MAX)} (#{number})" if words else f"Video #{number}"


def alt_text(prompt: str, *, length_s: int) -> str:
    """For people who do not see the video."""
    return _cut(f"AI video, {length_s} seconds, made from the words: {_one_line(prompt)}", ALT_CHARS_MAX)


def _slug(prompt: str) -> str:
    plain = unicodedata.normalize("NFKD", prompt).encode("ascii", "ignore").decode().lower().replace("'", "")
    words = re.findall(r"[a-z0-9]+", plain)
    while words and words[0] in ARTICLES:
        words.pop(0)
    slug = ""
    for word in words:
        longer = f"{slug}-{word}" if slug else word[:SLUG_CHARS_MAX]
        if len(longer) > SLUG_CHARS_MAX:
            break
        slug = longer
    return slug


def _one_line(text: str) -> str:
    """Without line breaks, control characters, and those that turn the direction of the text after them."""
    seen = (" " if unicodedata.category(each) in {"Cc", "Zl", "Zp"} else each for each in text)
    kept = "".join(each for each in seen if each not in _TURNERS)
    return " ".join(kept.split())


_TURNERS = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def _cut(text: str, chars_max: int) -> str:
    return text if len(text) <= chars_max else text[: chars_max - 1].rstrip() + "…"
