"""A job's message in Slack: posted at most once for each intent that was committed first."""

from slack_sdk.web.async_client import AsyncWebClient

from bot.clock import Clock
from bot.jobs.model import JobRecord
from bot.jobs.ports import Alarm
from bot.jobs.surface import Announced
from bot.slack.drawing import CardArtist, Drawn
from bot.slack.failures import Gone, NotSent, Ours, OutcomeUnknown, SlackFailure, ThreadGone, TryLater, slack_failures
from bot.slack.message import Message
from bot.slack.ports import Card, Cards, CardState

RECONNECT_MAX_S = 30.0


async def post(
    slack: AsyncWebClient, message: Message, *, slack_channel_id: str, thread_ts: str | None
) -> tuple[str, str]:
    """One `chat.postMessage`. Returns where it is: the channel (`D...` for a `U...`) and its `ts`.

    Raises:
        SlackFailure: see `failures`; nothing was posted, except perhaps for `OutcomeUnknown`.
    """
    with slack_failures("chat.postMessage"):
        answer = await slack.chat_postMessage(
            channel=slack_channel_id,
            thread_ts=thread_ts,
            text=message.text,
            blocks=message.blocks or None,
            unfurl_links=False,
            unfurl_media=False,
        )
        return str(answer["channel"]), str(answer["ts"])


async def unpost(slack: AsyncWebClient, *, slack_channel_id: str, ts: str) -> None:
    """One `chat.delete`; may be repeated. A message that is gone already is as good."""
    try:
        with slack_failures("chat.delete"):
            await slack.chat_delete(channel=slack_channel_id, ts=ts)
    except Gone:
        return


class CardPoster:
    """Posts cards: the first one of a job (`announce`), and the one that takes its place (`replace`)."""

    def __init__(self, *, slack: AsyncWebClient, cards: Cards, artist: CardArtist, clock: Clock, alarm: Alarm) -> None:
        self._slack = slack
        self._cards = cards
        self._artist = artist
        self._clock = clock
        self._alarm = alarm

    async def announce(self, record: JobRecord) -> Announced:
        """Post the card of a job, waiting while Slack is too busy or away. Repeatable: a second call only looks."""
        order = record.job.order
        place = order.place
        card = await self._cards.owe(record.job.id, order.team_id, place.slack_channel_id, place.thread_ts)
        reconnect_s = 1.0
        while card.state is CardState.OWED:
            try:
                await self.post_once(card, await self._artist.drawn_of(record, card))
            except TryLater as busy:
                await self._clock.sleep(busy.retry_after_s)
            except NotSent:
                await self._clock.sleep(reconnect_s)
                reconnect_s = min(reconnect_s * 2, RECONNECT_MAX_S)
            card = await self._cards.card(card.job_id) or card
        match card.state:
            case CardState.REFUSED:
                return Announced.REFUSED
            case CardState.INTENT:  # another life of this process, or another one, was here before us
                await self._cards.lost(card.job_id)
                return Announced.UNKNOWN
            case CardState.UNKNOWN:
                return Announced.UNKNOWN
            case _:
                return Announced.POSTED

    async def post_once(self, card: Card, drawn: Drawn) -> None:
        """Commit the intent, post, write down what came of it.

        Raises:
            TryLater, NotSent: proven not posted; the card is as it was.
        """
        job_id, was = card.job_id, card.state
        if was is CardState.INTENT:
            await self._cards.lost(job_id)
            was = CardState.UNKNOWN
        if not await self._cards.intend(job_id, was=was, at=self._clock.now()):
            return
        try:
            await self._post(card, drawn)
        except (TryLater, NotSent):
            await self._cards.unsent(job_id, back_to=was)
            raise
        except OutcomeUnknown:
            await self._cards.lost(job_id)
        except SlackFailure as refusal:
            leaves = CardState.REFUSED if was is CardState.OWED else CardState.GONE
            await self._cards.refused(job_id, refusal.code, leaves=leaves)
            await self._alarm("card_refused", {"job": job_id, "code": refusal.code})

    async def _post(self, card: Card, drawn: Drawn) -> None:
        """Fall back, on clear refusals only: from a dead thread to the channel, from our blocks to a sentence."""
        thread_ts, has_blocks = card.thread_ts, True
        while True:
            try:
                channel, ts = await post(
                    self._slack, drawn.message, slack_channel_id=card.slack_channel_id, thread_ts=thread_ts
                )
            except ThreadGone:
                if thread_ts is None:
                    raise
                thread_ts = None
            except Ours as bug:
                if not has_blocks:
                    raise
                await self._alarm("card_not_understood", {"job": card.job_id, "code": bug.code})
                drawn, has_blocks = drawn.plainly(), False
            else:
                await self._cards.posted(
                    card.job_id, slack_channel_id=channel, ts=ts, thread_ts=thread_ts, shown=drawn.shown
                )
                return
