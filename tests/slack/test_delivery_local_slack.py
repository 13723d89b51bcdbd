"""Card, file and Delete as production wires them, on the strict local Slack: limits, scopes, parents, complete once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import av
import pytest
import sqlalchemy as sa
from known_admins import known_admins
from PIL import Image
from pydantic import SecretStr
from slack_desk import facts
from sqlmodel import SQLModel
from virtual_clock import VirtualClock

from bot.catalogue.loader import load_catalogue
from bot.catalogue.model import ModelClass, Shape
from bot.clock import new_id
from bot.config import Settings
from bot.demo.slack import Drop, LocalSlack, Page, RateLimited, Refuse
from bot.jobs.model import Job, JobRecord, JobState, Order, Place
from bot.jobs.surface import Announced, Delivered, SpooledVideo
from bot.observing.confidential import Confidential
from bot.observing.watch import Watch
from bot.store.engine import Store, open_engine
from bot.store.job_rows import wanted_of
from bot.store.tables.jobs import JobRow
from bot.wiring.ground import Ground
from bot.wiring.surface import SlackSide, slack_side
from bot.wiring.workspace import opened_workspace

VIDEOS, ADA = "C0VIDEOS01", "U0ADA00001"
PROMPT = 'A "corgi" & <!channel> <@U0BEN00002> https://evil.example *surfing*'
ORDER = Order(
    team_id="T0LOCAL001",
    user_id=ADA,
    place=Place(slack_channel_id=VIDEOS),
    prompt=PROMPT,
    model=None,
    model_class=ModelClass.FAST,
    length_s=8,
    shape=Shape.WIDE,
    resolution="720p",
)


@dataclass
class Stage:
    slack: LocalSlack
    side: SlackSide
    store: Store
    clock: VirtualClock
    record: JobRecord
    video: SpooledVideo

    def in_state(self, state: JobState) -> JobRecord:
        self.record = JobRecord(job=Job.moved(self.record.job, state, at=self.clock.now()))
        return self.record

    async def delivered(self) -> Delivered:
        for state in (JobState.SUBMITTING, JobState.RENDERING, JobState.DELIVERING):
            self.in_state(state)
        return await self.clock.finish(self.side.surface.deliver(self.record, self.video))

    @property
    def shown_files(self) -> list[str]:
        messages = self.slack.workspace.channels[VIDEOS].messages
        return [file_id for each in messages if not each.is_deleted for file_id in each.file_ids]


@asynccontextmanager
async def staged(folder: Path) -> AsyncIterator[Stage]:
    engine = open_engine(f"sqlite:///{folder}/stage.sqlite", busy_timeout_ms=5000)
    SQLModel.metadata.create_all(engine)
    store, clock = Store(engine, writer_threads=1), VirtualClock()
    job = Job(
        id="j1",
        number=142,
        order=ORDER,
        state=JobState.QUEUED,
        state_since=clock.now(),
        created_at=clock.now(),
        held_usd_micros=800_000,
        catalogue_version="1",
    )
    await store.write(lambda session: session.add(_row(job)))
    film = folder / "film.mp4"
    film.write_bytes(b"v" * 700_000)
    video = SpooledVideo(path=film, sha256="0", bytes=700_000, length_s=8.0, size_px=(1280, 720))
    try:
        async with LocalSlack.running(directory=folder / "slack") as slack:
            slack.dials.share_lag_s = 0
            stage = Stage(slack, None, store, clock, JobRecord(job=job), video)  # type: ignore[arg-type]

            async def record(_job_id: str) -> JobRecord:
                return stage.record

            ground = ground_of(slack, store, clock)
            async with opened_workspace(ground) as workspace:
                stage.side = slack_side(ground, workspace, records=record, facts=facts, admins=known_admins())
                yield stage
    finally:
        store.close()


def ground_of(slack: LocalSlack, store: Store, clock: VirtualClock) -> Ground:
    """An alarm is a failure here."""
    told = {
        "SLACK_BOT_TOKEN": SecretStr(slack.bot_token),
        "SLACK_APP_TOKEN": SecretStr(slack.app_token),
        "SLACK_API_URL": slack.api_url,
        "SORA_DATABASE_URL": str(store.engine.url),
    }

    async def alarm(what: str, told: object) -> None:
        raise AssertionError(f"{what} {told}")

    return Ground(
        settings=Settings(**told),
        catalogue=load_catalogue(),
        store=store,
        watch=Watch(confidential=Confidential(), new_id=new_id, database_url=str(store.engine.url)),
        alarm=alarm,
        clock=clock,
        new_id=new_id,
    )


def _film(path: Path) -> None:
    """Half a second of a turning grey."""
    with av.open(str(path), "w") as film:
        stream = film.add_stream("libx264", rate=24)
        stream.width, stream.height, stream.pix_fmt = 160, 90, "yuv420p"
        for number in range(12):
            picture = (
                Image.linear_gradient("L").resize((160, 90)).point(lambda value, n=number: min(255, value + n * 8))
            )
            film.mux(stream.encode(av.VideoFrame.from_image(picture.convert("RGB"))))
        film.mux(stream.encode(None))


def _row(job: Job) -> JobRow:
    return JobRow(
        id=job.id,
        team_id=ORDER.team_id,
        number=job.number,
        order_key="k",
        user_id=ORDER.user_id,
        slack_channel_id=VIDEOS,
        prompt=PROMPT,
        prompt_hash="h",
        wanted=wanted_of(ORDER),
        state=job.state.value,
        state_since=job.state_since,
        created_at=job.created_at,
        held_usd_micros=job.held_usd_micros,
        catalogue_version="1",
    )


async def test_nothing_of_a_prompt_pings_or_links_and_the_requester_is_told_once(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        assert await stage.side.surface.announce(stage.record) is Announced.POSTED
        assert await stage.delivered() is Delivered.SHARED
        card, share = stage.slack.workspace.channels[VIDEOS].messages
        assert (card.pings, card.links) == ([], [])
        assert (share.pings, share.notified, share.links) == ([f"@{ADA}"], [f"@{ADA}"], [])
        assert share.thread_ts == card.ts
        [file_id] = share.file_ids
        assert stage.slack.workspace.files[file_id].received == 700_000


@pytest.mark.parametrize(
    "method", ["files.getUploadURLExternal", "upload", "files.completeUploadExternal", "files.info"]
)
@pytest.mark.parametrize(
    "fault",
    [Drop(processed=True), Drop(processed=False), Page(processed=True), RateLimited(), Refuse("fatal_error")],
    ids=["after", "before", "page", "429", "fatal"],
)
async def test_one_file_whatever_breaks(tmp_path: Path, method: str, fault: object) -> None:
    async with staged(tmp_path) as stage:
        await stage.side.surface.announce(stage.record)
        stage.slack.faults.add(method, fault)
        assert await stage.delivered() is Delivered.SHARED
        assert len(stage.shown_files) == 1
        assert stage.slack.faults.pending == []


async def test_a_card_that_would_look_the_same_is_not_sent(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        await stage.side.surface.announce(stage.record)
        running = asyncio.ensure_future(stage.side.writer.run())
        try:
            await stage.clock.advance(200)
            assert stage.slack.calls.of("chat.update") == []
        finally:
            running.cancel()
            await asyncio.wait({running})


async def test_the_finished_card_shows_a_frame_of_the_video(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        _film(stage.video.path)
        stage.video = replace(stage.video, bytes=stage.video.path.stat().st_size)
        await stage.side.surface.announce(stage.record)
        await stage.delivered()
        stage.in_state(JobState.DELIVERED)
        await stage.store.write(
            lambda session: session.execute(sa.update(JobRow).values(state="delivered", version=JobRow.version + 9))
        )
        running = asyncio.ensure_future(stage.side.writer.run())
        card = stage.slack.workspace.channels[VIDEOS].messages[0]
        try:
            await stage.clock.until(lambda: card.edits)
        finally:
            running.cancel()
            await asyncio.wait({running})
        [picture] = [block for block in card.blocks if block["type"] == "image"]
        poster = stage.slack.workspace.files[picture["slack_file"]["id"]]
        assert (poster.mimetype, poster.shares) == ("image/jpeg", {})


async def test_delete_leaves_nothing_of_the_video(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        await stage.side.surface.announce(stage.record)
        await stage.delivered()
        await stage.clock.finish(stage.side.surface.take_away(stage.record))
        assert all(each.is_deleted for each in stage.slack.workspace.channels[VIDEOS].messages)
        assert all(each.is_deleted for each in stage.slack.workspace.files.values() if each.is_completed)


async def test_an_archived_channel_sends_the_video_directly(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        await stage.side.surface.announce(stage.record)
        stage.slack.workspace.channels[VIDEOS].is_archived = True
        assert await stage.delivered() is Delivered.SHARED
        direct = stage.slack.workspace.direct(ADA, stage.slack.bot_user_id)
        assert [bool(each.file_ids) for each in direct.messages] == [False, True]
        assert "archived" in direct.messages[0].text
