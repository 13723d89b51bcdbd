"""Whether a delivery really comes from fal: Ed25519 over the headers and the body's hash, keys from fal's own JWKS.

Scheme: fal's webhook page, read 2026-11-21. The signed message is request id, user id, Unix time and the hex SHA-256
of the raw body, joined by newlines; a delivery carries no key id, so every published key is tried.
"""

import base64
import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from bot.clock import Clock
from bot.providers.errors import ProviderError

REPLAY_WINDOW_S = 300
KEYS_LIVE_FOR = timedelta(hours=24)
"""fal's own upper bound for caching its keys."""
KEYS_REFRESH_EVERY = timedelta(minutes=5)
"""A signature no known key made means a new key or a forger: asking is rationed, or forgers could make us flood fal."""
KEYS_MAX = 32
TIMESTAMP_DIGITS_MAX = 20
BODY_BYTES_MAX = 4 * 1024 * 1024

FetchKeys = Callable[[], Awaitable[Any]]
"""The JWKS document as JSON; raises ProviderError."""


class FalSignatures:
    """Remembers fal's public keys and nothing about deliveries."""

    def __init__(self, fetch_keys: FetchKeys, clock: Clock) -> None:
        self._fetch_keys, self._clock = fetch_keys, clock
        self._keys: tuple[Ed25519PublicKey, ...] = ()
        self._fetched_at: datetime | None = None
        self._tried_at: datetime | None = None

    async def request_id_of(self, headers: Mapping[str, str], body: bytes) -> str | None:
        """The request a genuine delivery speaks of; None for a forged, stale or unreadable one.

        It is the body's `request_id`, the queue's own id; the header is only part of what was signed.
        """
        signed = _read(headers, body)
        if signed is None:
            return None
        sent_at_s, message, signature = signed
        if abs(self._clock.now().timestamp() - sent_at_s) > REPLAY_WINDOW_S:
            return None
        if self._is_aged():
            await self._refresh()
        if self._is_by_fal(signature, message):
            return _request_id_in(body)
        if await self._refresh() and self._is_by_fal(signature, message):
            return _request_id_in(body)
        return None

    def _is_aged(self) -> bool:
        return self._fetched_at is None or self._clock.now() - self._fetched_at >= KEYS_LIVE_FOR

    def _is_by_fal(self, signature: bytes, message: bytes) -> bool:
        if self._is_aged():
            return False
        return any(_made(key, signature, message) for key in self._keys)

    async def _refresh(self) -> bool:
        """Fetch the keys unless that was tried minutes ago; whether there are new ones.

        The try is noted before the call: deliveries that arrive while it runs do not add calls of their own.
        """
        now = self._clock.now()
        if self._tried_at is not None and now - self._tried_at < KEYS_REFRESH_EVERY:
            return False
        self._tried_at = now
        try:
            keys = _keys_in(await self._fetch_keys())
        except ProviderError:
            return False
        if not keys:
            return False
        self._keys, self._fetched_at = keys, now
        return True


def _request_id_in(body: bytes) -> str | None:
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        return None
    request_id = event.get("request_id") if isinstance(event, dict) else None
    return request_id if isinstance(request_id, str) and request_id else None


def _read(headers: Mapping[str, str], body: bytes) -> tuple[int, bytes, bytes] | None:
    """Send time (Unix s), signed message and signature; None when something is missing or malformed."""
    said = {name.lower(): value for name, value in headers.items() if name.lower().startswith("x-fal-webhook-")}
    try:
        request_id, user_id, timestamp, signature = (
            said[f"x-fal-webhook-{part}"] for part in ("request-id", "user-id", "timestamp", "signature")
        )
        sent_at_s, signature_bytes = int(timestamp[:TIMESTAMP_DIGITS_MAX]), bytes.fromhex(signature)
        message = "\n".join((request_id, user_id, timestamp, hashlib.sha256(body).hexdigest())).encode()
    except (KeyError, ValueError):
        return None
    if len(signature_bytes) != 64 or len(body) > BODY_BYTES_MAX:
        return None
    return sent_at_s, message, signature_bytes


def _made(key: Ed25519PublicKey, signature: bytes, message: bytes) -> bool:
    """Constant in time over the secret part: a public key has none, and the library compares points, not text."""
    try:
        key.verify(signature, message)
    except InvalidSignature:
        return False
    return True


def _keys_in(document: Any) -> tuple[Ed25519PublicKey, ...]:
    """Every Ed25519 key of a JWKS; anything else in it is passed over."""
    listed = document.get("keys") if isinstance(document, dict) else None
    found = []
    for entry in listed[:KEYS_MAX] if isinstance(listed, list) else ():
        if not isinstance(entry, dict) or entry.get("kty") != "OKP" or entry.get("crv", "Ed25519") != "Ed25519":
            continue
        try:
            text = str(entry["x"])
            found.append(Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))))
        except (KeyError, ValueError):
            continue
    return tuple(found)
