"""What every adapter owes the rest of the bot, whatever it speaks. `test_contract.py` runs this over all of `CASES`.

To add an adapter: one `Case` in `CASES` with what its service says when all is well and when it refuses. The suite
brings the bad luck itself (refused, dropped, cut, silent, pages, other JSON, 401 to 504), over real sockets.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
from raw_service import Told
from virtual_clock import VirtualClock

from bot.catalogue.loader import load_catalogue
from bot.catalogue.model import Protocol, Shape
from bot.clock import Clock
from bot.providers.base import RenderRequest, VideoProvider
from bot.providers.fal import Fal
from bot.providers.openai_videos import OpenAIVideos

CATALOGUE = load_catalogue()
PROMPT = "a corgi surfing at sunset"


@dataclass(frozen=True, kw_only=True)
class Case:
    """One protocol of the catalogue as its adapter speaks it. Bodies are JSON; `{base}` is the service's address."""

    key: str
    """Of the protocol."""
    make: Callable[[httpx.AsyncClient, Protocol, Clock], VideoProvider]
    authorization: str
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
        return RenderRequest(
            prompt=PROMPT,
            wire_name=self.wire_name,
            length_s=5,
            shape=Shape.WIDE,
            resolution="720p",
            size_px=(1280, 720),
            audio=None,
            seed=None,
            picture=None,
            client_key="attempt-1",
            webhook_url=None,
            extra=self.extra,
        )


FILM = Told(body=b"film", headers={"Content-Type": "video/mp4"})


def _videos(variant: str) -> Case:
    names = {"id": "video_1", "object": "video", "model": "m", "prompt": PROMPT}
    blocked = names | {"status": "failed", "error": {"code": "moderation_blocked", "message": "blocked"}}
    return Case(
        key=f"openai_videos/{variant}",
        make=OpenAIVideos,
        authorization="Bearer sk-contract-0123456789",
        wire_name="m",
        accepted=names | {"status": "queued"},
        render_id="video_1",
        running=names,
        failed=(Told(status=400 if variant == "vllm_omni" else 200, body=blocked),),
        finished=(Told(body=names | {"status": "completed"}), FILM),
        refused={"error": {"message": "no", "type": "x", "param": None, "code": None}},
        busy={"error": {"message": "no", "type": "x", "param": None, "code": "busy"}},
    )


def _fal() -> Case:
    model = next(each for each in CATALOGUE.models if each.protocol == "fal" and each.wire_name)
    at = "{base}/acme/requests/r-1"
    flagged = {"detail": [{"loc": ["body", "prompt"], "msg": "flagged", "type": "content_policy_violation"}]}
    return Case(
        key="fal",
        make=Fal,
        authorization="Key id-of-key:secret-0123456789",
        wire_name=str(model.wire_name),
        accepted={
            "request_id": "r-1",
            "status_url": f"{at}/status",
            "response_url": at,
            "cancel_url": f"{at}/cancel",
        },
        render_id="r-1",
        running={"request_id": "r-1"},
        failed=(Told(body={"status": "COMPLETED"}), Told(status=422, body=flagged)),
        finished=(Told(body={"status": "COMPLETED"}), Told(body={"video": {"url": "{base}/f.mp4"}}), FILM),
        refused={"detail": "no"},
        busy={"detail": "no", "error_type": "busy"},
        extra=model.wire,
    )


CASES = (_videos("openai"), _videos("relay"), _videos("vllm_omni"), _fal())
