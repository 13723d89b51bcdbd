"""From an order and a candidate to what a service is sent."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from bot.clock import Clock
from bot.jobs.attempt import Attempt, AttemptState
from bot.jobs.model import Fit, Job, JobRecord, Order
from bot.providers.base import Picture, RenderRequest
from bot.upstreams.registry import Upstream
from bot.upstreams.router import Candidate, Wanted

FittedPictures = Callable[[str, tuple[int, int], Fit], Awaitable[Picture | None]]
"""(picture id, frame in pixels, fit) to the fitted first frame; None when it is not kept any more."""


class PictureLostError(Exception):
    """An order's picture was cleaned away, or is on another machine's disk."""


class RequestMaker:
    def __init__(
        self, *, pictures: FittedPictures, webhook_url: Callable[[Upstream, str], str | None], clock: Clock
    ) -> None:
        self._pictures = pictures
        self._webhook_url = webhook_url
        self._clock = clock

    def attempt(
        self, record: JobRecord, candidate: Candidate, upstream: Upstream, *, attempt_id: str, token: str
    ) -> Attempt:
        """The intent: everything that a search for a lost submit will need."""
        now = self._clock.now()
        return Attempt(
            id=attempt_id,
            job_id=record.job.id,
            team_id=record.job.order.team_id,
            number=len(record.attempts) + 1,
            upstream=candidate.upstream,
            model=candidate.model.name,
            wire_name=candidate.wire_name,
            length_s=candidate.length_s,
            size_px=candidate.size_px,
            usd_micros=candidate.usd_micros,
            state=AttemptState.INTENT,
            intent_at=now,
            deadline_at=now + timedelta(seconds=upstream.protocol.submit_timeout_s),
            webhook_token=token,
            note=candidate.note or _other_length(record, candidate),
        )

    async def request(self, job: Job, attempt: Attempt, upstream: Upstream) -> RenderRequest:
        """The same for every repetition of one attempt.

        Raises:
            PictureLostError: the order's picture is not here any more; a video without it is not what was asked for.
        """
        order = job.order
        model = next(each for each in upstream.models if each.name == attempt.model)
        picture = None
        if order.picture_id is not None:
            picture = await self._pictures(order.picture_id, attempt.size_px, order.picture_fit)
            if picture is None:
                raise PictureLostError(order.picture_id)
        return RenderRequest(
            prompt=order.prompt,
            wire_name=attempt.wire_name,
            length_s=attempt.length_s,
            shape=order.shape,
            resolution=order.resolution,
            size_px=attempt.size_px,
            audio=order.audio,
            seed=order.seed,
            picture=picture,
            client_key=attempt.id,
            webhook_url=self._webhook_url(upstream, attempt.webhook_token),
            extra=model.wire,
        )


def _other_length(record: JobRecord, candidate: Candidate) -> str:
    """Under a name of its own, which its person took instead, a model is planned at the length that was offered."""
    asked_s, made_s = record.job.order.length_s, candidate.length_s
    return "" if made_s == asked_s else f"You asked {asked_s} s; this model makes {made_s} s"


def wanted_of(order: Order, *, usd_micros_max: int | None) -> Wanted:
    return Wanted(
        model=order.model,
        model_class=order.model_class,
        length_s=order.length_s,
        shape=order.shape,
        resolution=order.resolution,
        audio=order.audio,
        seed=order.seed,
        prompt=order.prompt,
        has_picture=order.picture_id is not None,
        usd_micros_max=usd_micros_max,
        slack_channel_id=order.place.slack_channel_id,
    )
