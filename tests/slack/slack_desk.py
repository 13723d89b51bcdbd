"""A job in a real SQLite file and the whole surface over it, as often as a test wants the process to be reborn."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from breaking_slack import BreakingSlack, breaking_slack
from known_admins import known_admins
from sqlmodel import SQLModel
from virtual_clock import VirtualClock

from bot.catalogue.model import ModelClass, Shape
from bot.jobs.card_facts import CardFacts
from bot.jobs.model import ENDED, JobRecord, JobState, Order, Place
from bot.jobs.surface import SpooledVideo
from bot.slack.admins import AdminQuestions
from bot.slack.cards import CardWriter
from bot.slack.client import SlackDoor
from bot.slack.delivery import VideoDelivery
from bot.slack.drawing import CardArtist
from bot.slack.earlier import EarlierFiles
from bot.slack.message import Message
from bot.slack.ports import Card
from bot.slack.posters import Posters
from bot.slack.posting import CardPoster
from bot.slack.surface import SlackSurface
from bot.slack.telling import Teller
from bot.slack.uploads import SlackFiles
from bot.slack.views.place import cannot_post
from bot.store.cards import StoredCards
from bot.store.deliveries import StoredDeliveries, StoredTellings
from bot.store.engine import Store, open_engine
from bot.store.job_rows import job_of, wanted_of
from bot.store.tables.jobs import JobRow

FACTS = CardFacts(
    service_label="Preview",
    model_label="Animatic <b>",
    receives="",
    typical=None,
    queue_place=0,
    can_cancel=True,
    is_preview=True,
    free=True,
    service_down_words="",
    elsewhere_usd_micros=None,
)


@dataclass
class Life:
    """The objects of one run of the program. A new one on the same desk is the program started again."""

    surface: SlackSurface
    writer: CardWriter
    cards: StoredCards
    deliveries: StoredDeliveries


@dataclass
class Desk:
    store: Store
    slack: BreakingSlack
    door: SlackDoor
    clock: VirtualClock
    folder: Path
    alarms: list[str] = field(default_factory=list)
    told_privately: list[str] = field(default_factory=list)
    private_works: bool = False
    admins: tuple[str, ...] = ()
    lives: int = 0

    def life(self, *, alone: bool = True) -> Life:
        self.lives += 1
        worker, clock = self.door.worker, self.clock
        cards, deliveries = StoredCards(self.store), StoredDeliveries(self.store)
        artist = CardArtist(draw=draw, facts=facts, records=self.record, deliveries=deliveries, clock=clock)
        files = SlackFiles(self.door)
        poster = CardPoster(slack=worker, cards=cards, artist=artist, clock=clock, alarm=self.alarm)
        writer = CardWriter(
            slack=worker,
            cards=cards,
            artist=artist,
            poster=poster,
            clock=clock,
            alarm=self.alarm,
            holder=f"life-{self.lives}",
            alone=alone,
        )
        posters = Posters(files=files, cards=cards, frame=lambda *_: b"jpeg", threads=self.door.threads, clock=clock)
        teller = Teller(
            slack=worker,
            cards=cards,
            tellings=StoredTellings(self.store),
            clock=clock,
            refusal_words=lambda record, code: cannot_post(record.job, code=code, can_join=False),
            tells_privately=self.tell_privately,
        )
        surface = SlackSurface(
            cards=cards,
            deliveries=deliveries,
            poster=poster,
            writer=writer,
            delivery=VideoDelivery(
                files=files, deliveries=deliveries, facts=facts, clock=clock, alarm=self.alarm, completed=posters.add
            ),
            earlier=EarlierFiles(slack=worker, files=files, cards=cards, deliveries=deliveries, clock=clock),
            teller=teller,
            admins=AdminQuestions(teller=teller, facts=facts, alarm=self.alarm, admins=known_admins(*self.admins)),
        )
        return Life(surface, writer, cards, deliveries)

    async def job(self, job_id: str = "j1", *, number: int = 142, **columns: Any) -> JobRecord:
        """A new job in the book."""
        row = JobRow(
            **{
                "id": job_id,
                "team_id": "T1",
                "number": number,
                "order_key": job_id,
                "user_id": "U1",
                "slack_channel_id": "C1",
                "prompt": ORDER.prompt,
                "prompt_hash": job_id,
                "wanted": wanted_of(ORDER),
                "state": JobState.QUEUED.value,
                "state_since": self.clock.now(),
                "created_at": self.clock.now(),
                "held_usd_micros": 800_000,
                "catalogue_version": "1",
                **columns,
            }
        )
        await self.store.write(lambda session: session.add(row))
        record = await self.record(job_id)
        assert record is not None
        return record

    async def record(self, job_id: str) -> JobRecord | None:
        def look(session: Any) -> JobRecord | None:
            row = session.get(JobRow, job_id)
            return None if row is None else JobRecord(job=job_of(row))

        return await self.store.read(look)

    async def change(self, job_id: str, **columns: Any) -> JobRecord:
        """What `jobs` would write; raises the version as it does."""
        if "state" in columns:
            columns = {"state_since": self.clock.now(), **columns, "state": JobState(columns["state"]).value}
        change = sa.update(JobRow).where(JobRow.id == job_id).values(version=JobRow.version + 1, **columns)
        await self.store.write(lambda session: session.execute(change))
        record = await self.record(job_id)
        assert record is not None
        return record

    async def card(self, job_id: str = "j1") -> Card:
        card = await StoredCards(self.store).card(job_id)
        assert card is not None
        return card

    def video(self, size_bytes: int = 300_000) -> SpooledVideo:
        path = self.folder / "video.mp4"
        path.write_bytes(b"v" * size_bytes)
        return SpooledVideo(path=path, sha256="0", bytes=size_bytes, length_s=8.04, size_px=(1280, 720))

    async def alarm(self, what: str, _facts: Mapping[str, object]) -> None:
        self.alarms.append(what)

    async def tell_privately(self, _record: JobRecord, refusal: str) -> bool:
        self.told_privately.append(refusal)
        return self.private_works


UNDRAWABLE = "a prompt over which the view stumbles"

ORDER = Order(
    team_id="T1",
    user_id="U1",
    place=Place(slack_channel_id="C1"),
    prompt="a corgi surfing at sunset",
    model=None,
    model_class=ModelClass.FAST,
    length_s=8,
    shape=Shape.WIDE,
    resolution="720p",
)


def draw(
    record: JobRecord,
    _facts: CardFacts,
    *,
    now: datetime,
    poster_file_id: str | None,
    delivery_unconfirmed: bool,
) -> Message:
    """A card with everything in it that can change."""
    job = record.job
    if job.order.prompt == UNDRAWABLE:
        raise ValueError(UNDRAWABLE)
    running = "" if job.state in ENDED else f" for {int((now - job.created_at).total_seconds())} s"
    doubt = " unconfirmed" if delivery_unconfirmed else ""
    blocks: list[dict[str, Any]] = [{"type": "section", "text": {"type": "plain_text", "text": job.state.value}}]
    if poster_file_id:
        blocks.append({"type": "image", "slack_file": {"id": poster_file_id}, "alt_text": "poster"})
    return Message(text=f"#{job.number} {job.state.value}{running}{doubt}", blocks=blocks)


async def facts(_record: JobRecord) -> CardFacts:
    return FACTS


@asynccontextmanager
async def opened_desk(folder: Path) -> AsyncIterator[Desk]:
    engine = open_engine(f"sqlite:///{folder}/desk.sqlite", busy_timeout_ms=5000)
    SQLModel.metadata.create_all(engine)
    store = Store(engine, writer_threads=1)
    try:
        async with breaking_slack() as (slack, door):
            yield Desk(store=store, slack=slack, door=door, clock=VirtualClock(), folder=folder)
    finally:
        store.close()
