"""From what was overheard to exchanges in the format of `tests/exchanges`, with nothing in them that is anybody's."""

import json
import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from bot.providers.base import RenderRef, RenderRequest, RenderStatus
from bot.providers.overhearing import Heard

Clean = Callable[[str], str]
"""Takes secrets out of a text; who knows the account's keys gives it."""
KEPT_HEADERS = frozenset({"retry-after", "retry-after-ms", "openai-poll-after-ms", "x-fal-error-type", "content-type"})
FILM = "film"
TEXT_CHARACTERS_MAX = 2000
_SUFFIX = re.compile(r"\.\w{1,5}")
_URL = re.compile(r"https?://[^\s\"'<>\\]+")
_PRIVATE = re.compile(
    r"authorization|secret|password|passwd|cookie|signature|credential|api_?key|e-?mail|^token$|(access|auth|session)_?token"
    r"|^(user|account|org|organization|team|project|owner|workspace)(_?(id|name))?$",
    re.IGNORECASE,
)


class Redactor:
    """`base` is the service's own origin: its addresses become `{base}`, and so do others, without their paths."""

    def __init__(self, base: str, clean: Clean) -> None:
        self._base = _origin(base)
        self._clean = clean
        self._elsewhere: dict[str, str] = {}

    def answer(self, heard: Heard) -> dict[str, Any]:
        told: dict[str, Any] = {"status": heard.status}
        headers = {name: self.text(value) for name, value in heard.headers if name.lower() in KEPT_HEADERS}
        if heard.body is None:
            return told | {"headers": {"Content-Type": "video/mp4"}, "body": FILM}
        headers.pop("content-type", None)
        return told | ({"headers": headers} if headers else {}) | {"body": self._body(heard)}

    def sent(self, heard: Heard) -> Mapping[str, Any]:
        """The fields of a JSON request; nothing of any other."""
        try:
            document = json.loads(heard.sent) if "json" in heard.sent_type else None
        except ValueError:
            return {}
        return {name: self.value(name, each) for name, each in document.items()} if isinstance(document, dict) else {}

    def value(self, name: str, value: Any) -> Any:
        if isinstance(value, str):
            return "[private]" if value and _PRIVATE.search(name) else self.text(value)
        if isinstance(value, dict):
            return {key: self.value(str(key), each) for key, each in value.items()}
        if isinstance(value, list):
            return [self.value(name, each) for each in value]
        return "[private]" if _PRIVATE.search(name) and isinstance(value, int) and value > 9 else value

    def text(self, text: str) -> str:
        """Addresses without their hosts and marks, then the rest without secrets."""
        parts: list[str] = []
        at = 0
        for found in _URL.finditer(text):
            parts += [self._clean(text[at : found.start()]), self._address(found.group())]
            at = found.end()
        return "".join([*parts, self._clean(text[at:])])

    def _address(self, url: str) -> str:
        if _origin(url) == self._base:
            return "{base}" + self._clean(urlsplit(url).path)
        suffix = PurePosixPath(urlsplit(url).path).suffix
        name = f"{{base}}/elsewhere/{len(self._elsewhere) + 1}"
        if _SUFFIX.fullmatch(suffix):
            name += suffix
        return self._elsewhere.setdefault(url, name)

    def _body(self, heard: Heard) -> Any:
        body = heard.body or b""
        packed = dict(heard.headers).get("content-encoding", "").lower() in {"gzip", "deflate"}
        try:
            text = (zlib.decompressobj(wbits=47).decompress(body) if packed else body).decode(errors="replace")
            return self.value("", json.loads(text))
        except (ValueError, zlib.error):
            return self.text(body.decode(errors="replace")[:TEXT_CHARACTERS_MAX])


def exchange_of(
    *,
    call: str,
    protocol: str,
    source: str,
    read: date,
    order: RenderRequest,
    ref: RenderRef,
    heard: Sequence[Heard],
    redactor: Redactor,
    expect: Mapping[str, Any],
) -> dict[str, Any]:
    """One file: one call of the adapter, what it was answered, and what the adapter made of it."""
    return {
        "source": source,
        "tag": "A",
        "read": read.isoformat(),
        "protocol": protocol,
        "call": call,
        "order": {
            "prompt": order.prompt,
            "wire_name": order.wire_name,
            "length_s": order.length_s,
            "shape": order.shape.value,
            "resolution": order.resolution,
            "size_px": list(order.size_px),
            "client_key": order.client_key,
            "extra": dict(order.extra),
        },
        "ref": {"render_id": ref.render_id, "poll_ref": redactor.text(ref.poll_ref)},
        "answers": [redactor.answer(each) for each in heard],
        "expect": dict(expect),
    }


def seen_in(status: RenderStatus) -> dict[str, Any]:
    """What a replay of the same answers must see again."""
    seen: dict[str, Any] = {"state": status.state.value, "unknown_word": status.unknown_word}
    if status.progress is not None:
        seen["progress"] = status.progress
    if status.cost_usd_micros is not None:
        seen["cost_usd_micros"] = status.cost_usd_micros
    return seen | ({"failure": status.failure.kind} if status.failure else {})


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc
