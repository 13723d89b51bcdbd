"""`providers.VideoProvider` as one process of the bot has it: the way to a simulated service, with its faults."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from bot.providers.base import (
    Download,
    FoundRender,
    RenderRef,
    RenderRequest,
    RenderState,
    RenderStatus,
    VideoProvider,
    WebhookEvent,
)
from bot.providers.errors import (
    CapacityFailed,
    InvalidRequest,
    Moderated,
    NotFound,
    OutcomeUnknown,
    ProviderError,
    QuotaExhausted,
    RateLimited,
    Retired,
    TimedOut,
    Unreachable,
)
from tests.simulator.dial import Fault
from tests.simulator.life import Life
from tests.simulator.services import End, Render, Service, subject_of
from tests.simulator.weather import Shape

GENUINE = {"signature": "genuine"}
ARRIVES = 0.3
"""Of submits that a service in trouble never answers properly, so many are accepted all the same."""
SEES_S = 3.0
"""A service may answer "not found" for so long after it took a render."""


class Adapter:
    def __init__(self, service: Service, life: Life) -> None:
        self._service = service
        self._life = life
        self._dial = service.dial

    async def submit(self, request: RenderRequest) -> RenderRef:
        subject = subject_of(request.prompt)
        await self._life.moment("before the POST")
        self._service.asked(self._service, request)
        try:
            return await self._submitted(request, subject)
        except ProviderError as error:
            self._service.answered(self._service, request, error.kind)
            raise

    async def _submitted(self, request: RenderRequest, subject: str) -> RenderRef:
        await self._travel(subject)
        self._not_accepted(request, subject)
        shapes = self._service.shapes(request.wire_name)
        arrives = Shape.SILENT not in shapes or self._dial.chance("arrives in a silence", subject) < ARRIVES
        if self._dial.hits(Fault.SUBMIT_LOST_BEFORE, subject):
            raise OutcomeUnknown("connection lost")
        if self._dial.hits(Fault.SUBMIT_SILENT, subject) or Shape.SILENT in shapes:
            await self._silence(request, subject, arrives=arrives)
        if self._dial.hits(Fault.SUBMIT_OTHER_5XX, subject) or Shape.OTHER_5XX in shapes:
            arrives_too = 0.5 if Shape.OTHER_5XX not in shapes else ARRIVES
            if self._dial.chance("accepted all the same", subject) < arrives_too:
                self._service.accept(request)
            raise OutcomeUnknown("502 from something in between")
        render = self._service.accept(request)
        await self._life.moment("after the POST")
        if self._dial.hits(Fault.SUBMIT_LOST_AFTER, subject):
            raise OutcomeUnknown("connection lost")
        return RenderRef(render_id=render.id)

    async def poll(self, ref: RenderRef) -> RenderStatus:
        render = self._service.renders.get(ref.render_id)
        subject = render.subject if render else "-"
        await self._travel(subject)
        self._reachable()
        if self._dial.hits(Fault.POLL_FAILS, subject):
            raise self._bad_look(subject)
        now = self._service.clock.now()
        if render is None or (render.end is End.FORGOTTEN and now > render.ends_at):
            raise NotFound("no such render")
        if now - render.at < timedelta(seconds=SEES_S) and self._dial.chance("sees it yet", subject) < 0.1:
            raise NotFound("no such render yet")
        status = self._status(render, now, subject)
        if status.state in {RenderState.SUCCEEDED, RenderState.FAILED}:
            kind = status.failure.kind if status.failure is not None else None
            self._service.answered(self._service, render.request, kind)
        return status

    @asynccontextmanager
    async def download(self, ref: RenderRef, _status: RenderStatus) -> AsyncIterator[Download]:
        render = self._service.renders[ref.render_id]
        await self._travel(render.subject)
        self._reachable()
        if self._dial.hits(Fault.DOWNLOAD_FAILS, render.subject):
            raise TimedOut("the download stopped")
        if render.no_file_until is not None and self._service.clock.now() < render.no_file_until:
            raise NotFound("no such file")

        async def chunks() -> AsyncIterator[bytes]:
            yield b"film"

        yield Download(chunks=chunks(), length=4)

    async def find(self, since: datetime) -> list[FoundRender]:
        await self._travel("find")
        self._reachable()
        if self._dial.hits(Fault.FIND_FAILS, "find"):
            raise TimedOut("the list did not come")
        now = self._service.clock.now()
        found = [
            FoundRender(
                ref=RenderRef(render_id=each.id),
                created_at=each.at,
                prompt=each.request.prompt,
                wire_name=each.request.wire_name,
            )
            for each in self._service.renders.values()
            if each.at >= since and each.shown_at <= now
        ]
        await self._life.moment("with the list in hand")
        return found

    def adopted(self, render_id: str, _wire_name: str) -> RenderRef:
        return RenderRef(render_id=render_id)

    async def cancel(self, ref: RenderRef) -> bool:
        render = self._service.renders[ref.render_id]
        await self._travel(render.subject)
        self._reachable()
        now = self._service.clock.now()
        if now >= render.ends_at or render.late_at or self._dial.hits(Fault.CANCEL_REFUSED, render.subject):
            return False
        render.cancelled_at = render.cancelled_at or now
        await self._life.moment("after the cancel")
        if self._dial.hits(Fault.CANCEL_LOST, render.subject):
            raise TimedOut("no answer to the cancel")
        return True

    async def check(self) -> None:
        await self._travel("check")
        try:
            self._reachable()
        except ProviderError as error:
            self._service.checked(self._service, error.kind)
            raise
        self._service.checked(self._service, None)

    async def verify_webhook(self, headers: Mapping[str, str], body: bytes) -> WebhookEvent | None:
        if headers.get("signature") != GENUINE["signature"]:
            return None
        return WebhookEvent(event_id=headers["id"], render_id=body.decode())

    async def _travel(self, subject: str) -> None:
        await asyncio.sleep(0.05 + 0.4 * self._dial.chance("travel", subject))

    def _reachable(self) -> None:
        if self._service.is_out():
            raise Unreachable("connection refused")

    def _not_accepted(self, request: RenderRequest, subject: str) -> None:
        """Every answer that proves that nothing was started."""
        self._reachable()
        self._troubled(request)
        hits = self._dial.hits
        if hits(Fault.SUBMIT_UNREACHABLE, subject):
            raise Unreachable("connection refused")
        if hits(Fault.SUBMIT_TOO_FAST, subject):
            says = self._dial.chance("Retry-After", subject)
            raise RateLimited("too many requests", retry_after_s=30 * says if says > 0.5 else None)
        if hits(Fault.SUBMIT_LISTED_5XX, subject):
            raise CapacityFailed("no workers", http_status=503)
        if hits(Fault.SUBMIT_REFUSED, subject):
            raise Moderated("not this prompt")
        if hits(Fault.SUBMIT_INVALID, subject):
            raise InvalidRequest("not this size")
        if hits(Fault.SUBMIT_NO_MONEY, subject):
            raise QuotaExhausted("top up")

    def _troubled(self, request: RenderRequest) -> None:
        """The same, by everything that is wrong with the service."""
        shapes = self._service.shapes(request.wire_name)
        if Shape.LISTED_5XX in shapes:
            raise CapacityFailed("no workers", http_status=503)
        if Shape.NO_MONEY in shapes:
            raise QuotaExhausted("the account is empty", http_status=429)
        if Shape.GONE in shapes:
            raise Retired("no such model")
        if self._service.turns_down(request) and not self._service.refuses_late:
            raise Moderated("not this prompt")

    async def _silence(self, request: RenderRequest, subject: str, *, arrives: bool) -> None:
        """Accepted late and never answered. The adapter's own timeout is the submit's deadline, as over HTTP."""
        timeout_s = self._service.protocol.submit_timeout_s
        arrives_s = timeout_s * self._dial.chance("arrives after", subject) * 0.9
        if arrives:
            asyncio.get_running_loop().call_later(arrives_s, self._service.accept, request)
        await asyncio.sleep(timeout_s)
        raise OutcomeUnknown("no answer")

    def _bad_look(self, subject: str) -> ProviderError:
        which = self._dial.chance("bad look", subject)
        if which < 0.4:
            return TimedOut("no answer")
        return RateLimited("too many requests", retry_after_s=5.0) if which < 0.7 else CapacityFailed("500")

    def _status(self, render: Render, now: datetime, subject: str) -> RenderStatus:
        if render.cancelled_at is not None:  # before anything else: it is never made and never charged, answer or not
            return RenderStatus(state=RenderState.CANCELLED)
        made = render.end is End.MADE and now >= render.ends_at
        if made or (render.late_at is not None and now >= render.late_at):
            return RenderStatus(state=RenderState.SUCCEEDED, progress=1.0, result_ref="film")
        if now < render.ends_at:
            if self._dial.hits(Fault.UNKNOWN_WORD, subject):
                return RenderStatus(state=RenderState.RUNNING, unknown_word="marinating")
            if not self._service.protocol.lists and not render.hangs:
                return RenderStatus(state=RenderState.RUNNING)
            share = (now - render.at) / (render.ends_at - render.at)
            progress = 0.99 if render.hangs and share > 0.02 else min(0.9, round(share * 3) / 3)
            return RenderStatus(state=RenderState.RUNNING, progress=progress)
        refused = render.end is End.REFUSED
        failure = Moderated("not this picture") if refused else CapacityFailed("the render broke")
        return RenderStatus(state=RenderState.FAILED, failure=failure)


_: type[VideoProvider] = Adapter
