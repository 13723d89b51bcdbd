"""What the local fal knows: its renders, how the next ones end, and what it says about them."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import ClientSession

from bot.demo.fal.endings import Ending
from bot.demo.fal.faults import Faults, Operation
from bot.demo.fal.seal import Seal


@dataclass(slots=True, kw_only=True)
class FalRender:
    """One request in the queue."""

    request_id: str
    endpoint_id: str
    arguments: dict[str, Any]
    headers: Mapping[str, str]
    webhook_url: str | None
    ending: Ending
    looks_left_in_queue: int
    looks_left_in_progress: int
    is_done: bool = False
    cancel_asked: bool = False

    @property
    def app_path(self) -> str:
        """Owner and alias without the sub-path: what the returned URLs keep of an endpoint id."""
        return "/".join(self.endpoint_id.split("/")[:2])

    def look(self) -> str:
        if self.looks_left_in_queue > 0:
            self.looks_left_in_queue -= 1
            return "IN_QUEUE"
        if self.looks_left_in_progress > 0:
            self.looks_left_in_progress -= 1
            return "IN_PROGRESS"
        self.is_done = True
        return "COMPLETED"


@dataclass(slots=True, kw_only=True)
class FalQueue:
    """The running service: what it was told, and the knobs for what comes next."""

    key: str
    seal: Seal
    film: bytes
    base_url: str = ""
    advertised_url: str = ""
    """Origin of the URLs it returns; a hostile answer is played by setting another one."""
    looks_in_queue: int = 1
    looks_in_progress: int = 1
    faults: Faults = field(default_factory=Faults)
    calls: Counter[Operation] = field(default_factory=Counter)
    endings: list[Ending] = field(default_factory=list)
    """How the next renders end, in order; empty: with a video."""
    renders: dict[str, FalRender] = field(default_factory=dict)
    file_headers: list[Mapping[str, str]] = field(default_factory=list)

    def webhook(self, render: FalRender) -> tuple[dict[str, str], bytes]:
        """Headers and body of the delivery that says how a render ended, signed now."""
        body = json.dumps(self._event(render)).encode()
        return self.seal.headers(render.request_id, body), body

    async def deliver(self, render: FalRender) -> int:
        """Finish a render and post its webhook; the status code that came back."""
        if render.webhook_url is None:
            raise ValueError(f"{render.request_id} was submitted without fal_webhook")
        render.looks_left_in_queue = render.looks_left_in_progress = 0
        render.is_done = True
        headers, body = self.webhook(render)
        async with ClientSession() as session, session.post(render.webhook_url, data=body, headers=headers) as answer:
            return answer.status

    def _event(self, render: FalRender) -> dict[str, Any]:
        ending = render.ending
        event: dict[str, Any] = {"request_id": render.request_id, "gateway_request_id": render.request_id}
        if ending.is_good:
            return event | {"status": "OK", "payload": self.result(render)}
        words = ending.error or f"Invalid status code: {ending.result_status}"
        return event | {"status": "ERROR", "error": words, "payload": ending.result_body}

    def result(self, render: FalRender) -> object:
        if render.ending.result_body is not None:
            return render.ending.result_body
        url = f"{self.advertised_url}/files/{render.request_id}/output.mp4"
        video = {"url": url, "content_type": "video/mp4", "file_name": "output.mp4", "file_size": len(self.film)}
        return {"video": video, "seed": 42}

    def urls(self, render: FalRender) -> dict[str, str]:
        base = f"{self.advertised_url}/{render.app_path}/requests/{render.request_id}"
        return {"response_url": base, "status_url": f"{base}/status", "cancel_url": f"{base}/cancel"}
