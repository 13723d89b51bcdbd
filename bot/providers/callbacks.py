"""Callbacks that nobody signs: JSON that came to an address which only the service was told."""

import hashlib
import json
from typing import Any, Final

from bot.providers.base import WebhookEvent

BODY_BYTES_MAX: Final = 256 * 1024


def json_of(body: bytes) -> Any:
    """None: too long, or no JSON."""
    if len(body) > BODY_BYTES_MAX:
        return None
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def event_about(render_id: str, body: bytes) -> WebhookEvent:
    """Nothing in it has an id of its own, so the same words again are the same event."""
    return WebhookEvent(event_id=f"{render_id[:100]} {hashlib.sha256(body).hexdigest()}", render_id=render_id)
