"""From a job's row to the card as it would be sent now."""

import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from bot.clock import Clock
from bot.jobs.card_facts import CardFacts
from bot.jobs.model import ENDED, JobRecord
from bot.slack.message import Message
from bot.slack.ports import Card, Deliveries, DeliveryState, PosterState, Shown

Records = Callable[[str], Awaitable[JobRecord | None]]
FactsOf = Callable[[JobRecord], Awaitable[CardFacts]]

PLAIN_CHARS_MAX = 600


class DrawsCard(Protocol):
    """The view. Pure: everything it shows is in its arguments."""

    def __call__(
        self,
        record: JobRecord,
        facts: CardFacts,
        *,
        now: datetime,
        poster_file_id: str | None,
        delivery_unconfirmed: bool,
    ) -> Message: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    message: Message
    shown: Shown
    ended: bool
    has_poster: bool

    def plainly(self) -> "Drawn":
        """For blocks that Slack does not take: the sentence alone."""
        return replace(self, message=Message(text=self.message.text[:PLAIN_CHARS_MAX], blocks=[]))


class CardArtist:
    """Gathers what a card shows and has it drawn."""

    def __init__(
        self, *, draw: DrawsCard, facts: FactsOf, records: Records, deliveries: Deliveries, clock: Clock
    ) -> None:
        self._draw = draw
        self._facts = facts
        self._records = records
        self._deliveries = deliveries
        self._clock = clock

    async def drawn(self, card: Card) -> Drawn | None:
        """The card of a job as its row is now; None: there is no such job."""
        record = await self._records(card.job_id)
        return None if record is None else await self.drawn_of(record, card)

    async def drawn_of(self, record: JobRecord, card: Card) -> Drawn:
        deliveries = await self._deliveries.of_job(card.job_id)
        poster = card.poster_file_id if card.poster is PosterState.READY else None
        now = self._clock.now()
        message = self._draw(
            record,
            await self._facts(record),
            now=now,
            poster_file_id=poster,
            delivery_unconfirmed=bool(deliveries) and deliveries[-1].state is DeliveryState.UNCONFIRMED,
        )
        return Drawn(
            message=message,
            shown=Shown(version=record.job.version, hash=_hash(message), at=now),
            ended=record.job.state in ENDED,
            has_poster=poster is not None,
        )


def _hash(message: Message) -> str:
    told = json.dumps([message.text, message.blocks], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(told.encode()).hexdigest()
