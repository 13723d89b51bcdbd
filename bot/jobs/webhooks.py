"""What a service tells us by itself. A delivery only wakes who waits; the truth is read from the service."""

from collections.abc import Mapping
from enum import StrEnum

from bot.clock import Clock
from bot.jobs.attempt import WITHOUT_VIDEO, Attempt, AttemptState
from bot.jobs.bell import Bell
from bot.jobs.book import JobBook
from bot.providers.base import CallsBack, RenderState, WebhookChallenge, WebhookEvent
from bot.providers.errors import ProviderError
from bot.upstreams.registry import Registry, Upstream


class Heard(StrEnum):
    TAKEN = "taken"
    KNOWN = "known"
    """The same event again."""
    REFUSED = "refused"
    """No such service, or nothing proves that it comes from there."""


class WebhookDesk:
    def __init__(self, book: JobBook, registry: Registry, bell: Bell, clock: Clock) -> None:
        self._book = book
        self._registry = registry
        self._bell = bell
        self._clock = clock

    async def hear(
        self, upstream_name: str, token: str, headers: Mapping[str, str], body: bytes
    ) -> Heard | WebhookChallenge:
        """Verify, keep, wake. `token` is the last part of the path: an attempt's, or empty for an account-wide address.

        What proves a delivery is its signature; for services that sign nothing the token, which they alone were told.
        A genuine event for an attempt whose submit is in doubt answers the doubt: its path names the attempt.
        """
        if upstream_name not in self._registry:
            return Heard.REFUSED
        upstream = self._registry.upstream(upstream_name)
        event = await upstream.provider.verify_webhook(headers, body)
        if event is not None:
            return await self._take(event, upstream, token)
        if not isinstance(upstream.provider, CallsBack):
            return Heard.REFUSED
        attempt = await self._addressed(upstream_name, token)
        told = await upstream.provider.called_back(body) if attempt is not None else None
        if told is None or attempt is None:
            return Heard.REFUSED
        if isinstance(told, WebhookChallenge):
            return told
        if not await _is_about(told, attempt, upstream):
            return Heard.REFUSED
        return await self._take(told, upstream, token)

    async def _addressed(self, upstream_name: str, token: str) -> Attempt | None:
        attempt = await self._book.attempt_of_token(token) if token else None
        return attempt if attempt is not None and attempt.upstream == upstream_name else None

    async def _take(self, event: WebhookEvent, upstream: Upstream, token: str) -> Heard:
        name, now = upstream.name, self._clock.now()
        fresh = await self._book.webhook_came(name, event.render_id, event.event_id, token=token, at=now)
        attempt = await self._addressed(name, token)
        if attempt is not None and attempt.state is AttemptState.INTENT:
            ref = upstream.provider.adopted(event.render_id, attempt.wire_name)
            await self._book.submitted(attempt.id, ref, at=now)
            await self._bell.job(attempt.job_id)
        if attempt is not None and attempt.state in WITHOUT_VIDEO:
            await self._late(attempt, upstream, event.render_id)
        await self._bell.render(name, event.render_id)
        return Heard.TAKEN if fresh else Heard.KNOWN

    async def _late(self, attempt: Attempt, upstream: Upstream, render_id: str) -> None:
        """Perhaps a video that had been given up, or that the service had called failed: paid, so booked, once."""
        ref = upstream.provider.adopted(render_id, attempt.wire_name)
        try:
            status = await upstream.provider.poll(ref)
        except ProviderError:
            return  # The service sends again, or never had it; nothing changed.
        if status.state is RenderState.SUCCEEDED:
            job = await self._book.late_video(attempt, ref, result_ref=status.result_ref, at=self._clock.now())
            if job is not None:
                await self._book.next_generation(job)


async def _is_about(event: WebhookEvent, attempt: Attempt, upstream: Upstream) -> bool:
    """Nobody signed which render it names: it must be the attempt's own, or one that the service itself shows us."""
    if attempt.render_id is not None:
        return attempt.render_id == event.render_id
    try:
        await upstream.provider.poll(upstream.provider.adopted(event.render_id, attempt.wire_name))
    except ProviderError:
        return False
    return True
