"""Slack's one POST route in HTTP mode. Bolt's own parser loses every command whose text contains the word "payload".

The raw body is verified before anything is parsed; nothing of it is ever logged (slack facts sections 2 and 13.1).
"""

import json
import logging
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web
from aiohttp.typedefs import Handler
from slack_bolt.adapter.aiohttp import to_aiohttp_response
from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_sdk.signature import Clock, SignatureVerifier

from bot.clock import Clock as OurClock

_log = logging.getLogger(__name__)


def entrance(app: AsyncApp, *, signing_secret: str, clock: OurClock) -> Handler:
    """Events, commands, clicks and options; also Slack's checks that we are here (`url_verification`, `ssl_check`)."""
    verifier = SignatureVerifier(signing_secret, _ClockOf(clock))

    async def handle(request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        if not _is_genuine(verifier, request, raw):
            _log.warning("a request with a wrong or old signature was turned away")
            return web.Response(status=401)
        body = _parsed(raw, request.content_type)
        if body is None:
            return web.Response(status=400)
        if body.get("ssl_check") == "1":
            return web.Response()
        if body.get("type") == "url_verification":
            return web.json_response({"challenge": str(body.get("challenge", ""))})
        # "socket_mode" tells Bolt that the body is verified and parsed already.
        told = AsyncBoltRequest(body=body, headers=dict(request.headers), mode="socket_mode")
        return await to_aiohttp_response(await app.async_dispatch(told))

    return handle


def _is_genuine(verifier: SignatureVerifier, request: web.Request, raw: bytes) -> bool:
    """Constant time, at most five minutes old. A time that is no number is not genuine either."""
    stamp = request.headers.get("X-Slack-Request-Timestamp", "")
    seal = request.headers.get("X-Slack-Signature", "")
    if not (stamp.isascii() and stamp.isdecimal()):
        return False
    try:
        return bool(verifier.is_valid(raw, stamp, seal))
    except UnicodeDecodeError:  # the verifier reads bytes as UTF-8, and Slack sends nothing else
        return False


def _parsed(raw: bytes, content_type: str) -> dict[str, Any] | None:
    """JSON, a form, or a form whose one field holds JSON. Looks for the field "payload", not for the word."""
    try:
        text = raw.decode()
        if content_type == "application/json":
            body = json.loads(text)
        else:
            form = dict(parse_qsl(text, keep_blank_values=True))
            body = json.loads(form["payload"]) if "payload" in form else form
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


class _ClockOf(Clock):
    def __init__(self, clock: OurClock) -> None:
        self._clock = clock

    def now(self) -> float:
        return self._clock.now().timestamp()
