"""One HTTP answer as a value: read within bounds, our key taken out, with what every service puts into headers."""

import json
import math
import re
import zlib
from collections.abc import Set
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any

import httpx

from bot.providers.errors import CapacityFailed, OutcomeUnknown, ProviderError

ANSWER_BYTES_MAX = 1024 * 1024
DETAIL_CHARACTERS_MAX = 400
RETRY_AFTER_MAX_S = 3600.0
"""Whoever says longer, or nonsense that no calendar holds, is asked again after an hour."""
REQUEST_ID_HEADERS = (
    "x-request-id",
    "request-id",
    "x-fal-request-id",
    "x-oneapi-request-id",
    "apim-request-id",
    "x-amzn-requestid",
    "x-siliconcloud-trace-id",
    "cf-ray",
)


_SECRET = re.compile(r"(?i)(bearer\s+|\b(?:sk|gm|key|r8|whsec)[-_])[a-z0-9_\-.+/=*]{8,}")
_QUERY = re.compile(r"(https?://[^\s?#\"'<>]+)[?#][^\s\"'<>]*")
_USERINFO = re.compile(r"(https?://)[^\s/@\"'<>]+@")


class Call(StrEnum):
    """What was being asked: the same failure means something else after a paid submit."""

    SUBMIT = "submit"
    POLL = "poll"
    DOWNLOAD = "download"
    FIND = "find"
    CANCEL = "cancel"
    CHECK = "check"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A whole answer, read within bounds and with our key taken out of it."""

    status: int
    headers: httpx.Headers
    document: Any = None
    """The body as JSON; None when it is empty or something else."""
    text: str = field(default="", repr=False)
    """The beginning of a body that is not JSON, for the words of an error."""

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300

    @property
    def fields(self) -> dict[str, Any]:
        """Of a body that is a JSON object; none of any other."""
        return self.document if isinstance(self.document, dict) else {}

    @property
    def request_id(self) -> str:
        return request_id_of(self.headers)


async def read_answer(response: httpx.Response, call: Call, *, secrets: Set[str] = frozenset()) -> Answer:
    """The body as JSON or a beginning of text, at most 1 MiB before and after unpacking."""
    packed = bytearray()
    async for chunk in response.aiter_raw():
        packed += chunk
        if len(packed) > ANSWER_BYTES_MAX:
            raise _too_long(response, call)
    body = bytes(packed)
    if response.headers.get("content-encoding", "identity").lower() in {"gzip", "deflate"}:
        body = _unpacked(body)
        if len(body) > ANSWER_BYTES_MAX:
            raise _too_long(response, call)
    for secret in secrets:
        body = body.replace(secret.encode(), "…".encode())
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):  # RecursionError: a body of brackets
        text = body[:2000].decode(errors="replace")
        return Answer(status=response.status_code, headers=response.headers, text=text)
    return Answer(status=response.status_code, headers=response.headers, document=document)


def _unpacked(body: bytes) -> bytes:
    try:
        return zlib.decompressobj(wbits=47).decompress(body, ANSWER_BYTES_MAX + 1)
    except zlib.error:
        return body


def _too_long(response: httpx.Response, call: Call) -> ProviderError:
    detail = f"HTTP {response.status_code}: an answer above {ANSWER_BYTES_MAX} bytes"
    return (OutcomeUnknown if call is Call.SUBMIT else CapacityFailed)(detail, http_status=response.status_code)


def secrets_of(sender: httpx.AsyncClient | httpx.Request) -> frozenset[str]:
    """Keys among the headers of a client or a request, to be taken out of whatever a service repeats."""
    values = [sender.headers.get(name, "") for name in ("authorization", "x-api-key", "api-key", "x-goog-api-key")]
    return frozenset(key for value in values if len(key := value.rpartition(" ")[2]) >= 8)


def retry_after_s(headers: httpx.Headers) -> float | None:
    """Seconds to wait, from `retry-after-ms` or either form of `Retry-After`; None when missing or without sense.

    A date is read against the answer's own `Date`, so that no clock but the service's matters.
    """
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            seconds = float(headers.get(name, "")) * unit
        except ValueError:
            continue
        if math.isfinite(seconds):
            return _within(seconds)
    try:
        until = parsedate_to_datetime(headers["retry-after"])
        return _within((until - parsedate_to_datetime(headers["date"])).total_seconds())
    except (KeyError, TypeError, ValueError):
        return None


def _within(seconds: float) -> float:
    return min(max(0.0, seconds), RETRY_AFTER_MAX_S)


def request_id_of(headers: httpx.Headers) -> str:
    """What the service's support would ask for; "" when it names none."""
    return next((headers[name][:200] for name in REQUEST_ID_HEADERS if headers.get(name)), "")


def render_id_of(said: object, *, characters_max: int = 200) -> str | None:
    """The id that a service names; None when it could not stand in a path: "." and ".." would be another place."""
    if not isinstance(said, str) or not 0 < len(said) <= characters_max:
        return None
    return said if said.isprintable() and said.strip(". ") else None


def tidy(text: str) -> str:
    """A service's words as we repeat them: one short line without keys, query strings or control characters."""
    text = _SECRET.sub(r"\1…", _USERINFO.sub(r"\1", _QUERY.sub(r"\1", text)))
    text = " ".join("".join(each if each.isprintable() else " " for each in text).split())
    return text if len(text) <= DETAIL_CHARACTERS_MAX else text[: DETAIL_CHARACTERS_MAX - 1] + "…"
