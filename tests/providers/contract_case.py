"""What one adapter says of its service to the contract suite: how it answers when all is well and when it refuses."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
from orders import an_order
from raw_service import Told
from virtual_clock import VirtualClock

from bot.catalogue.loader import load_catalogue
from bot.catalogue.model import Protocol
from bot.clock import Clock
from bot.providers.base import RenderRequest, VideoProvider

CATALOGUE = load_catalogue()
PROMPT = "a corgi surfing at sunset"


@dataclass(frozen=True, kw_only=True)
class Case:
    """One protocol of the catalogue as its adapter speaks it. Bodies are JSON; `{base}` is the service's address."""

    key: str
    """Of the protocol."""
    make: Callable[[httpx.AsyncClient, Protocol, Clock], VideoProvider]
    authorization: str
    key_header: str = "Authorization"
    wire_name: str
    accepted: Mapping[str, Any]
    """What a submit is answered with."""
    render_id: str
    """The id in it."""
    running: Mapping[str, Any]
    """A look at a render at work, without a state: the suite sets `state_field` to words of its own."""
    state_field: str = "status"
    around: Callable[[dict[str, Any]], Any] = dict
    """How an answer holds that record; the record itself when the service wraps it in nothing."""
    failed: tuple[Told, ...]
    """The answers to one look at a render that the service turned down for its content."""
    finished: tuple[Told, ...]
    """The answers to one look at a finished render, and to fetching its file, whose bytes are "film"."""
    refused: Mapping[str, Any]
    """An error document that says nothing in particular."""
    busy: Mapping[str, Any]
    """An error document whose code is "busy"."""
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def protocol(self) -> Protocol:
        return CATALOGUE.protocols[self.key]

    def adapter(self, client: httpx.AsyncClient, **facts: Any) -> VideoProvider:
        return self.make(client, replace(self.protocol, **facts), VirtualClock())

    def order(self) -> RenderRequest:
        return an_order(prompt=PROMPT, wire_name=self.wire_name, extra=self.extra)


FILM = Told(body=b"film", headers={"Content-Type": "video/mp4"})
