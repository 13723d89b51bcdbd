"""A service that refuses, lies, breaks and forgets: people read what happened, and nothing is paid twice."""

import asyncio
import resource
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from town import Town, a_town

from bot.demo.faults import Drop
from bot.demo.slack import Message
from bot.demo.videos.faults import (
    CompletedWithoutFile,
    ExpiredLink,
    FailRender,
    Fault,
    Html,
    Huge,
    NotAVideo,
    OtherJson,
    ProgressBackwards,
    Redirect,
    Status,
    StickRender,
    Truncated,
    UnknownStatus,
    WebhookFirst,
)
from bot.demo.videos.switches import Switch
from bot.slack.ids import ActionId

ADA = "U0ADA00001"
UNTOUCHED, ONE_PAID = "$5.00 left of $5.00 ($0.00 used)", "$4.60 left of $5.00 ($0.40 used)"
MB = 1024 * 1024
BRISK = 8.0
"""Pauses, polls and retries of these towns take an eighth of their time."""
HALF_AS_BRISK = 4.0
"""Where the wait for a lost submit, a minute and a half, must not end before the test has looked."""


def _says(status: int, message: str, **more: str) -> Status:
    return Status(code=status, body={"error": {"message": message, **more}})


TURNED_DOWN = "the service turned it down"
NOBODY = "no service could do it"
REFUSALS = {
    "400": (Status(code=400), "the service did not take these values"),
    "400 moderation": (_says(400, "Blocked by our safety system.", code="moderation_blocked"), TURNED_DOWN),
    "403 moderation": (_says(403, "This violates our content policy."), TURNED_DOWN),
    "401": (Status(code=401), NOBODY),
    "402": (Status(code=402), NOBODY),
    "403 key": (_says(403, "This key may not use this model."), NOBODY),
    "403 balance": (_says(403, "Insufficient balance, please top up."), NOBODY),
    "404": (Status(code=404), NOBODY),
    "404 page": (Html(code=404), NOBODY),
    "410": (Status(code=410), NOBODY),
    "429 balance": (_says(429, "You exceeded your current quota."), NOBODY),
}


@pytest.mark.parametrize("case", list(REFUSALS))
async def test_a_submit_that_is_refused_costs_nothing_and_says_so_once(tmp_path: Path, case: str) -> None:
    fault, words = REFUSALS[case]
    async with a_town(tmp_path, pace=BRISK) as town:
        town.videos.faults.add("create", fault)
        await town.sora("a corgi surfing")
        told = await _ending(town)
        assert [each for each in (words, "was not made", "Nothing was charged", "Press Edit") if each not in told] == []
        assert (town.videos.accepted, len(town.videos.calls.of("create"))) == ([], 1)
        assert UNTOUCHED in await town.quota()
        assert town.ledger_is_exact()
        if case not in {"400", "401"}:  # the card follows a second later; twice is enough to see it
            return
        card = await _card(town, "Not made")
        assert "Nothing was charged" in card.text
        await town.slack.click("ada", card, ActionId.EDIT.value)
        assert "a corgi surfing" in str((await town.form()).values)


UNCLEAR = {
    "500": Status(code=500),
    "503": Status(code=503),
    "a page": Html(),
    "other JSON": OtherJson(),
    "cut before it was read": Drop(processed=False),
}


@pytest.mark.parametrize("case", list(UNCLEAR))
async def test_while_nobody_knows_whether_a_submit_arrived_the_money_stays_reserved(tmp_path: Path, case: str) -> None:
    async with a_town(tmp_path, pace=HALF_AS_BRISK) as town:
        town.videos.faults.add("create", UNCLEAR[case])
        await town.sora("a corgi surfing")
        stage = "Checking whether Local video service got it"
        card = await (_card(town, stage) if case == "500" else town.shown(stage))
        small_print = str(card.blocks)
        assert "$0.40 stays reserved while we check. You need do nothing; nothing is sent twice." in small_print
        await town.until(lambda: bool(town.videos.calls.of("list")))
        assert (town.videos.accepted, len(town.videos.calls.of("create"))) == ([], 1)
        assert "($0.00 used, $0.40 reserved)" in await town.quota()
        assert town.ledger_is_exact()


async def test_an_answer_lost_after_the_work_is_found_again_and_never_sent_twice(tmp_path: Path) -> None:
    lost: tuple[Fault, ...] = (
        Status(code=500, processed=True),
        Html(processed=True),
        OtherJson(processed=True),
        Drop(processed=True),
    )
    async with a_town(tmp_path, pace=BRISK) as town:
        for number, fault in enumerate(lost, start=1):
            town.videos.faults.add("create", fault)
            await town.sora(f"wave number {number}")
            await town.until(lambda: len(town.films()) == number)  # noqa: B023 - awaited here and now
        assert (len(town.videos.accepted), len(town.videos.calls.of("create"))) == (len(lost), len(lost))
        assert f"$3.40 left of $5.00 (${0.40 * len(lost):.2f} used)" in await town.quota()
        assert town.ledger_is_exact()


@pytest.mark.parametrize("headers", [{"Retry-After": "2"}, {}], ids=["when", "no word when"])
async def test_too_fast_is_tried_again_when_the_service_says_and_not_before(
    tmp_path: Path, headers: dict[str, str]
) -> None:
    async with a_town(tmp_path, pace=BRISK) as town:
        town.videos.faults.add("create", Status(code=429, headers=headers))
        await town.sora("a corgi surfing")
        await town.until(lambda: len(town.films()) == 1)
        first, second = town.videos.calls.of("create")
        assert (second.at - first.at).total_seconds() >= (2 if headers else 1)
        assert (len(town.videos.accepted), ONE_PAID in await town.quota()) == (1, True)


async def test_a_service_that_is_down_is_waited_for_and_the_video_starts_by_itself(tmp_path: Path) -> None:
    async with a_town(tmp_path, pace=BRISK) as town:
        await town.videos.switch(Switch.DOWN)
        await town.sora("a corgi surfing")
        card = await town.shown("Waiting for a service")
        assert "starts by itself" in str(card.blocks)
        assert "$0.40 is reserved" in card.text
        await town.videos.switch(Switch.NORMAL)
        await town.until(lambda: len(town.films()) == 1)
        assert (len(town.videos.accepted), ONE_PAID in await town.quota()) == (1, True)


async def test_a_render_that_fails_is_made_once_more_and_paid_once(tmp_path: Path) -> None:
    async with a_town(tmp_path, pace=BRISK) as town:
        town.videos.faults.add("create", FailRender())
        await town.sora("a corgi surfing")
        await town.until(lambda: len(town.films()) == 1)
        assert len(town.videos.accepted) == 2
        assert [town.videos.charged(each) for each in town.videos.accepted] == [False, True]
        assert (ONE_PAID in await town.quota(), town.ledger_is_exact()) == (True, True)


async def test_looks_that_break_in_every_way_lose_no_video(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    broken: tuple[Fault, ...] = (
        Status(code=500),
        Status(code=401),
        Status(code=404),
        Status(code=429),
        Html(code=502),
        Html(),
        OtherJson(),
        Drop(processed=False),
        ProgressBackwards(),
        UnknownStatus(),
    )
    async with a_town(tmp_path, pace=BRISK) as town:
        town.videos.faults.add("create", StickRender())
        await town.sora("a corgi surfing")
        await town.until(lambda: len(town.videos.accepted) == 1)
        (job,) = town.videos.accepted
        await town.shown("Making your video")
        for number, fault in enumerate(broken, start=1):
            town.videos.faults.add("retrieve", fault)
            await town.videos.webhooks.send(job.id)  # whoever waits is woken: a look follows at once
            await _until(lambda: sum(town.videos.faults.hits.values()) == 1 + number)  # noqa: B023
        job.may_finish.set()
        await town.until(lambda: len(town.films()) == 1)
        assert (len(town.cards()), len(town.videos.accepted), ONE_PAID in await town.quota()) == (1, 1, True)
        assert [each.pings for each in town.posts() if each.pings] == [[f"@{ADA}"]]
        assert any("unknown_status" in each.getMessage() for each in caplog.records)


async def test_stuck_at_99_percent_and_given_up_by_its_person_it_is_kept_and_brought_when_asked_for(
    tmp_path: Path,
) -> None:
    async with a_town(tmp_path, pace=BRISK) as town:
        town.videos.faults.add("create", StickRender())
        await town.sora("a corgi surfing")
        await town.shown("Making your video")
        await town.slack.click("ada", town.cards()[0], ActionId.CANCEL.value)
        await town.until(lambda: any("cannot be stopped" in each.text for each in town.private()))
        said = next(each.text for each in town.private() if "cannot be stopped" in each.text)
        assert "so it is paid" in said
        assert "offered to you when it is done" in said
        (job,) = town.videos.accepted
        job.may_finish.set()
        card = await _card(town, "Cancelled, but the video was made")
        assert "$0.40 was paid" in card.text
        assert town.films() == []
        await town.slack.click("ada", card, ActionId.SEND_AGAIN.value)
        await town.until(lambda: len(town.films()) == 1)
        assert (len(town.videos.accepted), ONE_PAID in await town.quota(), town.ledger_is_exact()) == (1, True, True)


async def test_files_that_arrive_wrong_are_fetched_again_and_an_inside_address_is_never_called(tmp_path: Path) -> None:
    async with a_town(tmp_path, pace=BRISK) as town, _trap() as trap:
        wrong: tuple[Fault, ...] = (
            Truncated(declared_length=True),
            Truncated(declared_length=False),
            ExpiredLink(),
            Redirect(location=trap.url),
        )
        for number, fault in enumerate(wrong, start=1):
            town.videos.faults.add("content", fault)
            await town.sora(f"wave number {number}")
            await town.until(lambda: len(town.films()) == number)  # noqa: B023 - awaited here and now
            assert town.videos.faults.hits.total() == number
        assert (len(town.videos.accepted), len(town.cards()), trap.visits) == (4, 4, 0)
        assert "$3.40 left of $5.00 ($1.60 used)" in await town.quota()
        assert town.ledger_is_exact()


async def test_a_relays_expired_link_is_left_for_its_content_address(tmp_path: Path) -> None:
    async with a_town(tmp_path, variant="relay", pace=BRISK) as town:
        town.videos.faults.add("content", ExpiredLink())
        await town.sora("a corgi surfing")
        await town.until(lambda: len(town.films()) == 1)
        first, *_, last = (each.path for each in town.videos.calls.of("content"))
        assert (first.startswith("/files/"), last.endswith("/content")) == (True, True)
        assert (len(town.videos.accepted), ONE_PAID in await town.quota()) == (1, True)


@pytest.mark.parametrize("never", [CompletedWithoutFile(), NotAVideo()], ids=["no file", "no video"])
async def test_a_video_whose_file_never_comes_is_told_as_paid_and_lost(tmp_path: Path, never: Fault) -> None:
    async with a_town(tmp_path, pace=BRISK) as town:
        operation = "retrieve" if isinstance(never, CompletedWithoutFile) else "content"
        town.videos.faults.add(operation, never, times=None)
        await town.sora("a corgi surfing")
        told = await _ending(town)
        assert [each for each in ("was made", "lost the file", "It cost $0.40", "Press Edit") if each not in told] == []
        assert (len(town.videos.accepted), town.films()) == (1, [])
        assert (ONE_PAID in await town.quota(), town.ledger_is_exact()) == (True, True)


async def test_three_hundred_megabytes_arrive_whole_and_once(tmp_path: Path) -> None:
    async with a_town(tmp_path) as town:
        town.videos.faults.add("content", Huge())
        await town.sora("a corgi surfing")
        await town.until(lambda: len(town.films()) == 1, within_s=60)
        file = town.slack.workspace.files[town.films()[0].file_ids[0]]
        assert (file.received, len(town.videos.accepted)) == (300 * MB, 1)


async def test_a_film_larger_than_slack_takes_is_fetched_once_and_told_as_it_is(tmp_path: Path) -> None:
    async with a_town(tmp_path) as town:
        town.videos.faults.add("content", Huge(size_bytes=1100 * MB), times=None)
        await town.sora("a corgi surfing")
        told = await _ending(town)
        words = ("was made", "1 GB", "not keep it", "It cost $0.40", "Press Edit")
        assert [each for each in words if each not in told] == []
        assert (len(town.videos.accepted), len(town.videos.calls.of("content")), town.films()) == (1, 1, [])
        assert list(town.settings.spool.rglob("*.mp4")) == []
        assert (ONE_PAID in await town.quota(), town.ledger_is_exact()) == (True, True)
        card = await _card(town, "too large for Slack")
        assert ActionId.SEND_AGAIN.value not in str(card.blocks)


async def test_a_full_disk_is_waited_out_and_the_video_arrives(tmp_path: Path) -> None:
    async with a_town(tmp_path, pace=BRISK) as town:
        town.videos.faults.add("content", Huge(size_bytes=40 * MB))
        with _files_up_to(20 * MB):
            await town.sora("a corgi surfing")
            await town.until(lambda: len(town.films()) == 1)
        assert [each.fault for each in town.videos.calls.of("content")] == ["Huge", ""]
        assert (len(town.videos.accepted), ONE_PAID in await town.quota()) == (1, True)
        assert [each.name for each in town.settings.spool.rglob("*.part")] == []


async def test_forged_and_old_webhooks_are_refused_and_one_that_comes_twice_brings_one_video(tmp_path: Path) -> None:
    async with a_town(tmp_path, pace=BRISK) as town:
        town.videos.webhooks.muted = True
        town.videos.faults.add("create", StickRender())
        await town.sora("a corgi surfing")
        await town.shown("Making your video")
        (job,) = town.videos.accepted
        send = town.videos.webhooks.send
        refused = [await send(job.id, forged=True), await send(job.id, age_s=3600), await send(job.id, age_s=-3600)]
        assert [each.status for each in refused] == [404, 404, 404]
        early = [await send(job.id, event_id="evt_1") for _ in range(2)]  # it claims what is not so yet
        assert [each.status for each in early] == [200, 200]
        assert (town.films(), len(town.videos.accepted)) == ([], 1)
        job.may_finish.set()
        again = [await send(job.id, event_id="evt_2") for _ in range(2)]
        await town.until(lambda: len(town.films()) == 1)
        assert [each.status for each in again] == [200, 200]
        assert (len(town.films()), ONE_PAID in await town.quota(), town.ledger_is_exact()) == (1, True, True)


async def test_a_webhook_that_overtakes_the_answer_to_its_submit_is_no_harm(tmp_path: Path) -> None:
    async with a_town(tmp_path, pace=BRISK) as town:
        town.videos.webhooks.repeat = 2
        town.videos.faults.add("create", WebhookFirst())
        await town.sora("a corgi surfing")
        await town.until(lambda: len(town.films()) == 1)
        assert [each.status for each in town.videos.webhooks.deliveries] == [200, 200]
        assert (len(town.videos.accepted), ONE_PAID in await town.quota(), town.ledger_is_exact()) == (1, True, True)


async def _ending(town: Town) -> str:
    """The one reply that mentions the requester, once it is there; it stands in the card's thread."""
    await town.until(lambda: any(each.pings for each in town.posts()))
    told = [each for each in town.posts() if each.pings]
    (card,) = town.cards()
    assert [(each.pings, each.thread_ts) for each in told] == [([f"@{ADA}"], card.ts)]
    return told[0].text


async def _card(town: Town, stage: str) -> Message:
    await town.until(lambda: any(stage in each.text for each in town.cards()))
    return next(each for each in town.cards() if stage in each.text)


async def _until(holds: object, *, within_s: float = 10.0) -> None:
    """For what happens at the service, where no news is given."""
    async with asyncio.timeout(within_s):
        while not holds():  # type: ignore[operator]
            await asyncio.sleep(0.01)


class _Trap:
    """A house on the inside that nobody from outside may be led to."""

    def __init__(self) -> None:
        self.visits = 0
        self.url = ""

    async def visited(self, _reader: object, writer: asyncio.StreamWriter) -> None:
        self.visits += 1
        writer.close()


@asynccontextmanager
async def _trap() -> AsyncIterator[_Trap]:
    trap = _Trap()
    server = await asyncio.start_server(trap.visited, "127.0.0.1", 0)
    async with server:
        trap.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/secret"
        yield trap


class _files_up_to:
    """No file of this process may grow beyond so many bytes: writing more fails as on a full disk (EFBIG)."""

    def __init__(self, size_bytes: int) -> None:
        self._size_bytes = size_bytes

    def __enter__(self) -> None:
        self._before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (self._size_bytes, self._before[1]))

    def __exit__(self, *_: object) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, self._before)
