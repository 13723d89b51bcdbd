"""Messages to a job's requester or to admins, each sent at most once: a row is committed before every post."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from slack_sdk.web.async_client import AsyncWebClient

from bot.clock import Clock
from bot.jobs.card_facts import Moved
from bot.jobs.consent import Question
from bot.jobs.model import Failure, Job, JobRecord
from bot.slack.failures import CannotPost, NotSent, OutcomeUnknown, SlackFailure, ThreadGone, TryLater, blames_token
from bot.slack.message import Message
from bot.slack.ports import Cards, Telling, Tellings, TellingState
from bot.slack.posting import RECONNECT_MAX_S, post
from bot.slack.views.moves import moved_words
from bot.slack.wording import asking, ending, kept, moved_here

RefusalWords = Callable[[JobRecord, str], Message]
"""What a requester reads when their order cannot be posted; the code is Slack's."""
TellsPrivately = Callable[[JobRecord, str], Awaitable[bool]]
"""Say that to the requester alone where they asked (a `response_url` works without membership). False: not possible."""


class Teller:
    """`end` is the one reply after a failure; `directly` a direct message."""

    def __init__(
        self,
        *,
        slack: AsyncWebClient,
        cards: Cards,
        tellings: Tellings,
        clock: Clock,
        refusal_words: RefusalWords,
        tells_privately: TellsPrivately,
    ) -> None:
        self._slack = slack
        self._cards = cards
        self._tellings = tellings
        self._clock = clock
        self._refusal_words = refusal_words
        self._tells_privately = tells_privately

    async def end(self, record: JobRecord) -> None:
        """One reply in the job's thread that mentions the requester; directly to them where the thread is no more."""
        job = record.job
        occasion = _occasion("end", job)
        if job.failure is Failure.CANNOT_POST:
            await self._never_posted(record, occasion)
            return
        await self._in_place(job, occasion, ending(job))

    async def kept(self, job: Job, refusal: str) -> None:
        """Likewise for a video that is ready, but that Slack takes nowhere."""
        await self._in_place(job, _occasion("kept", job), kept(job, refusal))

    async def moved(self, job: Job, moved: Moved) -> None:
        """One line: who makes it now. A place that takes no posts is told of in the end; this line is not worth it."""
        await self._in_thread(job, f"failover.{moved.attempt_id}", Message(text=moved_words(moved), blocks=[]))

    async def question(self, job: Job, question: Question) -> None:
        """The card asks something; directly to its person where the thread is no more."""
        await self._in_place(job, f"question.{question.id}", asking(job, question))

    async def moved_here(self, job: Job, refusal: str) -> Telling:
        """Directly to the requester: the file cannot go where it was asked, and comes here."""
        return await self.directly(job, _occasion("moved", job), moved_here(job, refusal))

    async def _in_place(self, job: Job, occasion: str, message: Message) -> None:
        told = await self._in_thread(job, occasion, message)
        if told.state is TellingState.REFUSED and not blames_token(told.refusal):
            await self.directly(job, f"{occasion}.directly", message)

    async def _in_thread(self, job: Job, occasion: str, message: Message) -> Telling:
        card = await self._cards.card(job.id)
        return await self._tell(
            job,
            occasion,
            message,
            slack_channel_id=card.slack_channel_id if card else job.order.place.slack_channel_id,
            thread_ts=card.thread_ts if card else job.order.place.thread_ts,
        )

    async def directly(self, job: Job, occasion: str, message: Message) -> Telling:
        return await self.person(job.order.user_id, job, occasion, message)

    async def person(self, user_id: str, job: Job, occasion: str, message: Message) -> Telling:
        """A direct message. `chat.postMessage` to a person's id opens the conversation by itself."""
        return await self._tell(job, occasion, message, slack_channel_id=user_id, thread_ts=None)

    async def _never_posted(self, record: JobRecord, occasion: str) -> None:
        job = record.job
        card = await self._cards.card(job.id)
        refusal = card.refusal if card else ""
        privately = f"{occasion}.privately"
        if await self._tellings.begin(job.id, job.order.team_id, privately, at=self._clock.now()):
            told = await self._tells_privately(record, refusal)
            await self._tellings.ended(job.id, privately, TellingState.SENT if told else TellingState.REFUSED)
        if (await self._tellings.telling(job.id, privately)).state is TellingState.REFUSED:
            await self.directly(job, occasion, self._refusal_words(record, refusal))

    async def _tell(
        self, job: Job, occasion: str, message: Message, *, slack_channel_id: str, thread_ts: str | None
    ) -> Telling:
        """Send it unless it was, perhaps, sent before. Waits while Slack is too busy or away."""
        wait_s = 1.0
        while await self._tellings.begin(job.id, job.order.team_id, occasion, at=self._clock.now()):
            told, again_s = await self._send(message, slack_channel_id, thread_ts)
            await self._tellings.ended(
                job.id, occasion, told.state, slack_channel_id=told.slack_channel_id, refusal=told.refusal
            )
            if told.state is not TellingState.OWED:
                return told
            await self._clock.sleep(again_s or wait_s)
            wait_s = min(wait_s * 2, RECONNECT_MAX_S)
        found = await self._tellings.telling(job.id, occasion)
        return replace(found, state=TellingState.LOST) if found.state is TellingState.INTENT else found

    async def _send(self, message: Message, slack_channel_id: str, thread_ts: str | None) -> tuple[Telling, float]:
        try:
            channel, _ = await self._post(message, slack_channel_id, thread_ts)
        except TryLater as busy:
            return Telling(state=TellingState.OWED), busy.retry_after_s
        except NotSent:
            return Telling(state=TellingState.OWED), 0.0
        except OutcomeUnknown:
            return Telling(state=TellingState.LOST), 0.0
        except SlackFailure as refusal:
            return Telling(state=TellingState.REFUSED, refusal=refusal.code), 0.0
        return Telling(state=TellingState.SENT, slack_channel_id=channel), 0.0

    async def _post(self, message: Message, slack_channel_id: str, thread_ts: str | None) -> tuple[str, str]:
        try:
            return await post(self._slack, message, slack_channel_id=slack_channel_id, thread_ts=thread_ts)
        except ThreadGone as gone:
            if thread_ts is None:
                raise CannotPost(gone.method, gone.code) from gone
            return await post(self._slack, message, slack_channel_id=slack_channel_id, thread_ts=None)


def _occasion(what: str, job: Job) -> str:
    """Stays the same when a step is repeated, and is new when the job ends once more."""
    return f"{what}.{job.state_since:%Y%m%dT%H%M%S.%f}"
