"""First frames in Slack: written down before they are there, shown for an hour, taken away hours later."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from slack_values import offer
from virtual_clock import VirtualClock

from bot.demo.slack import Drop, LocalSlack, RateLimited, Refuse
from bot.jobs.pictures import FirstFrame
from bot.jobs.wish import Offer
from bot.slack.client import SlackDoor, opened_slack
from bot.slack.frames import KEPT_FOR, FirstFrames
from bot.slack.uploads import SlackFiles
from bot.store.engine import Store, open_engine
from bot.store.frames import StoredFrames
from bot.store.tables.slack import FirstFrameRow

LATER_S = KEPT_FOR.total_seconds() + 1


@dataclass
class Table:
    slack: LocalSlack
    clock: VirtualClock
    door: SlackDoor
    book: StoredFrames

    def frames(self) -> FirstFrames:
        """A new process' own: it remembers nothing."""

        async def frame_of(*_: object) -> FirstFrame:
            return FirstFrame(content=b"\xff\xd8 a frame", mime="image/jpeg", notes=())

        return FirstFrames(files=SlackFiles(self.door), book=self.book, frame_of=frame_of, clock=self.clock)

    async def shown(self, frames: FirstFrames, wanted: Offer) -> str:
        drawn = await self.clock.finish(frames.shown(wanted))
        assert drawn is not None
        return drawn.file_id

    @property
    def in_slack(self) -> list[str]:
        return [each.id for each in self.slack.workspace.files.values() if each.is_completed and not each.is_deleted]


@asynccontextmanager
async def laid(folder: Path) -> AsyncIterator[Table]:
    engine = open_engine(f"sqlite:///{folder}/frames.sqlite", busy_timeout_ms=5000)
    FirstFrameRow.__table__.create(engine)  # type: ignore[attr-defined]
    store, clock = Store(engine, writer_threads=1), VirtualClock()
    async with (
        LocalSlack.running(clock=clock, directory=folder / "slack") as slack,
        opened_slack(token=slack.bot_token, base_url=slack.api_url) as door,
    ):
        yield Table(slack=slack, clock=clock, door=door, book=StoredFrames(store))
    store.close()


def an_offer() -> Offer:
    found = offer()
    return replace(found, size_px=(1280, 720), wish=replace(found.wish, picture_id="p1"))


async def test_a_frame_leaves_slack_hours_later_even_when_its_process_is_gone(tmp_path: Path) -> None:
    async with laid(tmp_path) as table:
        file_id = await table.shown(table.frames(), an_offer())
        assert table.in_slack == [file_id]
        later = table.frames()
        await later.tidy()
        assert table.in_slack == [file_id]  # a form may still show it
        await table.clock.advance(LATER_S)
        await later.tidy()
        assert (table.in_slack, await table.book.older_than(table.clock.now())) == ([], [])
        await later.tidy()
        assert len(table.slack.calls.of("files.delete")) == 1


async def test_a_form_drawn_again_shows_the_same_frame_for_an_hour_and_then_a_new_one(tmp_path: Path) -> None:
    async with laid(tmp_path) as table:
        frames = table.frames()
        first = await table.shown(frames, an_offer())
        assert await table.shown(frames, an_offer()) == first
        await table.clock.advance(3601)
        assert await table.shown(frames, an_offer()) != first


async def test_an_upload_cut_off_is_written_down_and_forgotten_in_the_end(tmp_path: Path) -> None:
    async with laid(tmp_path) as table:
        frames = table.frames()
        table.slack.faults.add("files.completeUploadExternal", Drop(processed=True))
        assert await table.shown(frames, an_offer()) == ""
        assert len(table.in_slack) == 1
        await table.clock.advance(LATER_S)
        await frames.tidy()
        assert (table.in_slack, await table.book.older_than(table.clock.now())) == ([], [])


@pytest.mark.parametrize("fault", [RateLimited(retry_after_s=1), Refuse("internal_error"), Refuse("missing_scope")])
async def test_while_slack_does_not_delete_it_the_next_time_does(tmp_path: Path, fault: object) -> None:
    async with laid(tmp_path) as table:
        frames = table.frames()
        await table.shown(frames, an_offer())
        await table.clock.advance(LATER_S)
        table.slack.faults.add("files.delete", fault)
        await frames.tidy()
        assert len(table.in_slack) == 1
        await frames.tidy()
        assert table.in_slack == []


@pytest.mark.parametrize("code", ["file_deleted", "file_not_found", "cant_delete_file"])
async def test_one_that_cannot_be_deleted_does_not_keep_the_others_there(tmp_path: Path, code: str) -> None:
    async with laid(tmp_path) as table:
        frames = table.frames()
        await table.shown(frames, an_offer())
        await table.shown(frames, replace(an_offer(), size_px=(720, 1280)))
        await table.clock.advance(LATER_S)
        table.slack.faults.add("files.delete", Refuse(code))
        await frames.tidy()
        assert (len(table.slack.calls.of("files.delete")), len(table.in_slack)) == (2, 1)
        assert await table.book.older_than(table.clock.now()) == []
