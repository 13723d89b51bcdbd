"""The signature under fal's webhooks: Ed25519 over four lines, its public keys at an address of their own.

Scheme: fal's webhook page, read 2026-11-21.
"""

import base64
import hashlib
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bot.clock import Clock

USER_ID = "github|4242"


class Seal:
    """One key at a time; `rotate` takes a new one."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._key = Ed25519PrivateKey.generate()

    def rotate(self) -> None:
        self._key = Ed25519PrivateKey.generate()

    def jwks(self) -> dict[str, Any]:
        """An older key first: a verifier has to try every one."""
        return {"keys": [_jwk(Ed25519PrivateKey.generate()), _jwk(self._key)]}

    def headers(self, request_id: str, body: bytes) -> dict[str, str]:
        """What stands beside a delivery, signed now."""
        timestamp = str(int(self._clock.now().timestamp()))
        message = "\n".join([request_id, USER_ID, timestamp, hashlib.sha256(body).hexdigest()])
        return {
            "Content-Type": "application/json",
            "X-Fal-Webhook-Request-Id": request_id,
            "X-Fal-Webhook-User-Id": USER_ID,
            "X-Fal-Webhook-Timestamp": timestamp,
            "X-Fal-Webhook-Signature": self._key.sign(message.encode()).hex(),
        }


def _jwk(key: Ed25519PrivateKey) -> dict[str, str]:
    public = key.public_key().public_bytes_raw()
    return {"kty": "OKP", "crv": "Ed25519", "x": base64.urlsafe_b64encode(public).rstrip(b"=").decode()}
