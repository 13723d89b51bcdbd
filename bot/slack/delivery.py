"""A video into its thread, exactly once.

    wanted -> granted(file id) -> uploaded -> completing -> completed -> shared | unconfirmed
                    any of these -> refused, with Slack's reason

`completing` is committed before `files.completeUploadExternal`. Up to it everything may be done anew: a file that is
never completed is thrown away by Slack. After it only `files.info` and the same file id; a new grant only when Slack
says, a minute later, that it does not know the file. (Slack facts section 9, 2026-11-21.)
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

from bot.clock import Clock
from bot.jobs.model import JobRecord
from bot.jobs.ports import Alarm
from bot.jobs.surface import SpooledVideo
from bot.slack.drawing import FactsOf
from bot.slack.failures import (
    FileGone,
    MissingScope,
    NotSent,
    Ours,
    OutcomeUnknown,
    SlackFailure,
    ThreadGone,
    TokenDead,
    TryLater,
)
from bot.slack.filenames import alt_text, file_name, file_title
from bot.slack.patience import patiently
from bot.slack.ports import Deliveries, Delivery, DeliveryState
from bot.slack.uploads import SlackFiles
from bot.slack.wording import file_comment

LOOKS_S = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)
"""After completing, Slack is asked at these moments whether the file is in the thread."""
COMPLETE_AGAIN_S = 15.0
"""When the answer to completing was lost and nothing is to be seen, the same file id is completed once more then."""
GIVE_UP_ID_S = 60.0
GRANTS_MAX = 3
OVERTAKEN_LOOK_S = 2.0
STANDSTILL_S = 300.0


class VideoDelivery:
    """Carries one `Delivery` row to its end. Every method may be cut and repeated at any point."""

    def __init__(
        self,
        *,
        files: SlackFiles,
        deliveries: Deliveries,
        facts: FactsOf,
        clock: Clock,
        alarm: Alarm,
        completed: Callable[[JobRecord, SpooledVideo], Awaitable[None]],
    ) -> None:
        """`completed` runs between completing and the first look, which comes a second later: time for the poster."""
        self._files = files
        self._deliveries = deliveries
        self._facts = facts
        self._clock = clock
        self._alarm = alarm
        self._completed = completed

    async def carry(self, delivery: Delivery, record: JobRecord, video: SpooledVideo) -> Delivery:
        """To `shared`, `unconfirmed` or `refused`."""
        while True:
            match delivery.state:
                case DeliveryState.WANTED | DeliveryState.GRANTED:
                    delivery = await self._upload(delivery, record, video)
                case DeliveryState.UPLOADED:
                    delivery = await self._complete(delivery, record)
                case DeliveryState.COMPLETING | DeliveryState.COMPLETED:
                    await self._completed(record, video)
                    delivery = await self._confirm(delivery, record)
                case DeliveryState.SHARED | DeliveryState.UNCONFIRMED | DeliveryState.REFUSED:
                    return delivery

    async def _upload(self, delivery: Delivery, record: JobRecord, video: SpooledVideo) -> Delivery:
        order, length_s = record.job.order, max(1, round(video.length_s))

        async def fill() -> bool:
            nonlocal delivery
            grant = await self._files.grant(
                file_name=file_name(order.prompt, length_s=length_s, number=record.job.number),
                size_bytes=video.bytes,
                alt_txt=alt_text(order.prompt, length_s=length_s),
            )
            if not await self._deliveries.granted(delivery, grant.file_id):
                return False
            delivery = replace(delivery, state=DeliveryState.GRANTED, file_id=grant.file_id, grants=delivery.grants + 1)
            await self._files.send(grant, video.path)
            return True

        try:
            filled = await patiently(self._clock, fill)
        except SlackFailure as refusal:
            return await self._refused(delivery, refusal)
        if filled and await self._deliveries.moved(delivery, DeliveryState.UPLOADED):
            return replace(delivery, state=DeliveryState.UPLOADED)
        return await self._overtaken(delivery)

    async def _overtaken(self, delivery: Delivery) -> Delivery:
        """Another process is uploading the same video: leave it to that one, unless it stands still."""
        seen, still_s = delivery, 0.0
        while still_s < STANDSTILL_S:
            fresh = await self._fresh(delivery)
            if fresh.state not in {DeliveryState.WANTED, DeliveryState.GRANTED}:
                return fresh
            still_s = still_s + OVERTAKEN_LOOK_S if fresh == seen else 0.0
            seen = fresh
            await self._clock.sleep(OVERTAKEN_LOOK_S)
        return seen

    async def _complete(self, delivery: Delivery, record: JobRecord) -> Delivery:
        """The one step that people see."""
        now = self._clock.now()
        if not await self._deliveries.moved(delivery, DeliveryState.COMPLETING, at=now):
            return await self._fresh(delivery)
        delivery = replace(delivery, state=DeliveryState.COMPLETING, completing_at=now)
        try:
            await self._say_complete(delivery, record)
        except (TryLater, NotSent) as not_yet:
            delivery = await self._moved(delivery, DeliveryState.UPLOADED)
            await self._clock.sleep(not_yet.retry_after_s if isinstance(not_yet, TryLater) else 2.0)
            return delivery
        except OutcomeUnknown:
            return delivery
        except ThreadGone as gone:
            if delivery.thread_ts is None:
                return await self._refused(delivery, gone)
            await self._deliveries.rethreaded(delivery.id, None)
            return replace(await self._moved(delivery, DeliveryState.UPLOADED), thread_ts=None)
        except FileGone as gone:
            if delivery.grants >= GRANTS_MAX:
                return await self._refused(delivery, gone)
            return await self._moved(delivery, DeliveryState.WANTED)
        except SlackFailure as refusal:
            return await self._refused(delivery, refusal)
        return await self._moved(delivery, DeliveryState.COMPLETED)

    async def _confirm(self, delivery: Delivery, record: JobRecord) -> Delivery:
        """Look until the file is in its thread. Slack shows large files late, and now and then never."""
        begun, unknown_file, completed_again = self._clock.now(), False, False
        for at_s in LOOKS_S:
            await self._clock.sleep((begun + timedelta(seconds=at_s) - self._clock.now()).total_seconds())
            try:
                seen = await self._files.look(delivery.file_id)
            except MissingScope:
                if delivery.state is DeliveryState.COMPLETING:
                    delivery = await self._complete_again(delivery, record)
                return await self._moved(delivery, DeliveryState.UNCONFIRMED)
            except FileGone as gone:
                if gone.code == "file_deleted":  # somebody saw it and took it away
                    return await self._moved(delivery, DeliveryState.SHARED)
                unknown_file = True
            except TryLater as busy:
                await self._clock.sleep(busy.retry_after_s)
            except (NotSent, OutcomeUnknown):
                pass
            except SlackFailure:
                break
            else:
                unknown_file = False
                if seen.is_in(delivery.slack_channel_id):
                    return await self._moved(delivery, DeliveryState.SHARED)
            if at_s >= COMPLETE_AGAIN_S and delivery.state is DeliveryState.COMPLETING and not completed_again:
                completed_again = True
                delivery = await self._complete_again(delivery, record)
        return await self._unseen(delivery, unknown_file=unknown_file)

    async def _unseen(self, delivery: Delivery, *, unknown_file: bool) -> Delivery:
        waited = self._clock.now() - (delivery.completing_at or self._clock.now())
        if unknown_file and waited >= timedelta(seconds=GIVE_UP_ID_S) and delivery.grants < GRANTS_MAX:
            return await self._moved(delivery, DeliveryState.WANTED)
        return await self._moved(delivery, DeliveryState.UNCONFIRMED)

    async def _complete_again(self, delivery: Delivery, record: JobRecord) -> Delivery:
        """The same file id, which works once: harmless if the first call did arrive. Its refusal proves nothing."""
        try:
            await self._say_complete(delivery, record)
        except SlackFailure:
            return delivery
        return await self._moved(delivery, DeliveryState.COMPLETED)

    async def _say_complete(self, delivery: Delivery, record: JobRecord) -> None:
        job = record.job
        await self._files.complete(
            file_id=delivery.file_id,
            title=file_title(job.order.prompt, number=job.number),
            slack_channel_id=delivery.slack_channel_id,
            thread_ts=delivery.thread_ts,
            comment=file_comment(job, await self._facts(record)),
        )

    async def _refused(self, delivery: Delivery, refusal: SlackFailure) -> Delivery:
        if isinstance(refusal, (Ours, TokenDead, MissingScope)):
            await self._alarm("file_refused", {"job": delivery.job_id, "method": refusal.method, "code": refusal.code})
        return await self._moved(delivery, DeliveryState.REFUSED, refusal=refusal.code)

    async def _moved(self, delivery: Delivery, to: DeliveryState, *, refusal: str = "") -> Delivery:
        """Write the state down. If somebody else has moved the row, theirs is the truth."""
        if not await self._deliveries.moved(delivery, to, refusal=refusal):
            return await self._fresh(delivery)
        return replace(delivery, state=to, refusal=refusal)

    async def _fresh(self, delivery: Delivery) -> Delivery:
        rows = await self._deliveries.of_job(delivery.job_id)
        return next(row for row in rows if row.id == delivery.id)
