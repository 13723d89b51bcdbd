"""What must never reach a line of the log, and how it is taken out: by value, by shape, and people's words by heart."""

import hashlib
import json
import re
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, quote_plus, urlsplit

from pydantic import BaseModel, SecretStr

HIDDEN = "[secret]"
SECRET_LENGTH_MIN = 4
WORDS_KEPT = 512
WORDS_LENGTH_MIN = 8
"""Shorter words are other lines' words too: taking them out would hide the log, not the person."""
WORDS_SEEN_BY = 24
"""So many letters in a row give a text away, so a shortened one is found by its beginning."""

_URL = re.compile(r"\b[a-z][a-z0-9+.-]{1,20}://[^\s\"'<>|\\]+", re.IGNORECASE)
_LONG_SEGMENT = re.compile(r"(?=[^/]*\d)[^/]{16,}")
_SHAPES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\b(?:xox[a-z]|xwfp)-[\w.-]{4,}|\bxapp-[\w.-]{4,}", re.IGNORECASE), HIDDEN),
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"), HIDDEN),
    (re.compile(r"\b(?:sk|pk|rk|r8|hf|gsk|xai|ghp|whsec)[-_][\w+/=-]{12,}"), HIDDEN),
    (re.compile(r"\bAIza[\w-]{20,}|\bAKIA[A-Z0-9]{12,}"), HIDDEN),
    (re.compile(r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}:[0-9a-f]{16,}", re.IGNORECASE), HIDDEN),
    (re.compile(r"\b(Bearer|Basic)\s+[\w.~+/=:-]{4,}", re.IGNORECASE), rf"\1 {HIDDEN}"),
    (re.compile(r"\b(Key|Token)\s+(?=\S*\d)[\w.~+/=:-]{12,}", re.IGNORECASE), rf"\1 {HIDDEN}"),
    (
        re.compile(
            r"\b([\w-]*(?:api[_-]?key|secret|token|password|passwd|authorization|signature|credential|ticket))"
            r"([\"']?\s*[=:]\s*[\"']?)(?!\[|Bearer |Basic |Key |Token )[^\s\"'&,;)}\]]{4,}",
            re.IGNORECASE,
        ),
        rf"\1\2{HIDDEN}",
    ),
)
_NEVER_BY_NAME = re.compile(
    r"prompt|response_url|authorization|password|secret|cookie|api_?key|(?:^|_)token(?:$|_value)|^text$|^body$",
    re.IGNORECASE,
)


class Confidential:
    """`cleaned` a text, `cleaned_value` anything a line may hold. Safe to call from any thread.

    `secrets` are known from the start; what people write is learnt while the bot runs, the latest `WORDS_KEPT` texts.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        spelled = {each for secret in secrets if len(secret) >= SECRET_LENGTH_MIN for each in _spellings(secret)}
        longest_first = sorted(spelled, key=len, reverse=True)
        self._secrets = re.compile("|".join(map(re.escape, longest_first))) if spelled else None
        self._words: OrderedDict[str, frozenset[str]] = OrderedDict()
        self._by_beginning: dict[str, dict[str, str]] = {}
        self._lock = threading.Lock()

    @classmethod
    def of(cls, settings: BaseModel) -> "Confidential":
        """Every `SecretStr` of the settings, in tables inside them too, and the passwords inside addresses."""
        values = list(_values(settings))
        secrets = [each.get_secret_value() for each in values if isinstance(each, SecretStr)]
        addresses = [urlsplit(each).password for each in values if isinstance(each, str) and "://" in each]
        return cls([*secrets, *(each for each in addresses if each)])

    def remember(self, *texts: str) -> None:
        """These are somebody's words: they stand in no line from now on."""
        for text in texts:
            known = text.strip()
            if len(known) < WORDS_LENGTH_MIN:
                continue
            with self._lock:
                if known in self._words:
                    self._words.move_to_end(known)
                    continue
                self._words[known] = _spellings(known)
                for spelling in self._words[known]:
                    self._by_beginning.setdefault(spelling[:WORDS_LENGTH_MIN], {})[spelling] = known
                if len(self._words) > WORDS_KEPT:
                    self._forget(*self._words.popitem(last=False))

    def holds_secret(self, text: str) -> bool:
        """Whether one of the secrets stands in it, word for word."""
        return self._secrets is not None and self._secrets.search(text) is not None

    def cleaned(self, text: str) -> str:
        if self._secrets is not None:
            text = self._secrets.sub(HIDDEN, text)
        text = self._without_words(text)
        text = _URL.sub(lambda found: without_secret_parts(found.group()), text)
        for shape, instead in _SHAPES:
            text = shape.sub(instead, text)
        return text

    def cleaned_value(self, name: str, value: object) -> Any:
        """A value fit for one line of JSON; what its name gives away as private becomes a length and a hash."""
        if value is None or isinstance(value, bool | int | float):
            return value
        if _NEVER_BY_NAME.search(name):
            return described(str(value))
        if isinstance(value, Mapping):
            return {str(key): self.cleaned_value(str(key), each) for key, each in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self.cleaned_value(name, each) for each in value]
        return self.cleaned(str(value))

    def _forget(self, words: str, spellings: frozenset[str]) -> None:
        for spelling in spellings:
            beginning = spelling[:WORDS_LENGTH_MIN]
            alike = self._by_beginning.get(beginning, {})
            if alike.get(spelling) == words:  # else another text is spelled the same, and still known
                del alike[spelling]
            if not alike:
                self._by_beginning.pop(beginning, None)

    def _without_words(self, text: str) -> str:
        """One walk along the text, however many texts are known."""
        kept: list[str] = []
        at = since = 0
        with self._lock:
            while at <= len(text) - WORDS_LENGTH_MIN:
                alike = self._by_beginning.get(text[at : at + WORDS_LENGTH_MIN])
                found = _longest(text, at, alike) if alike else None
                if found is None:
                    at += 1
                    continue
                words, length = found
                kept += [text[since:at], described(words)]
                since = at = at + length
        return "".join([*kept, text[since:]])


def described(text: str) -> str:
    """A person's text in a log: enough to see whether two are the same, and nothing of what it says."""
    return f"[{len(text)} characters, {hashlib.sha256(text.encode(errors='replace')).hexdigest()[:8]}]"


def without_secret_parts(url: str) -> str:
    """The address without user, query, fragment and long segments: signatures, tickets and tokens live there."""
    try:
        parts = urlsplit(url.replace(HIDDEN, ""))  # brackets would mean an IPv6 address
        host, port = parts.hostname or "", f":{parts.port}" if parts.port else ""
    except ValueError:
        return "[address]"
    path = "/".join("…" if _LONG_SEGMENT.fullmatch(each) else each for each in parts.path.split("/"))
    if host == "hooks.slack.com":
        path = "/…"
    return f"{parts.scheme}://{host}{port}{path}" + ("?…" if parts.query else "")


def _values(told: object) -> Iterable[object]:
    """Whatever stands in settings, however deep."""
    if isinstance(told, BaseModel):
        for name in type(told).model_fields:
            yield from _values(getattr(told, name))
    elif isinstance(told, Mapping):
        for each in told.values():
            yield from _values(each)
    elif isinstance(told, list | tuple):
        for each in told:
            yield from _values(each)
    else:
        yield told


def _spellings(text: str) -> frozenset[str]:
    """How a text looks inside JSON, a Python repr or an address."""
    return frozenset(
        {
            text,
            json.dumps(text)[1:-1],
            json.dumps(text, ensure_ascii=False)[1:-1],
            repr(text)[1:-1],
            quote(text),
            quote_plus(text),
        }
    )


def _longest(text: str, at: int, alike: Mapping[str, str]) -> tuple[str, int] | None:
    """Whose words stand there, and how far: a text that was shortened ends where it stops being the same."""
    found = [
        (_common_length(text, at, spelling), words)
        for spelling, words in alike.items()
        if text.startswith(spelling[:WORDS_SEEN_BY], at)
    ]
    if not found:
        return None
    length, words = max(found)
    return words, length


def _common_length(text: str, at: int, spelling: str) -> int:
    length = 0
    for one, other in zip(text[at:], spelling, strict=False):
        if one != other:
            break
        length += 1
    return length
