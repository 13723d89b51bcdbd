"""Bad luck of services that takes minutes or days, on a virtual clock: the rows that `tests/e2e` cannot wait for."""

import asyncio
import resource
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from house import a_house
from scripted_service import ScriptedService, a_protocol, an_upstream

from bot.catalogue.model import Tier
from bot.jobs.model import Failure, JobState
from bot.jobs.story import story
from bot.providers.base import Download, RenderState, RenderStatus
from bot.providers.errors import (
    AuthFailed,
    CapacityFailed,
    NotFound,
    OutcomeUnknown,
    ProviderError,
    QuotaExhausted,
    RateLimited,
    Retired,
    TimedOut,
    Unreachable,
)

RUNNING = RenderStatus(state=RenderState.RUNNING, progress=0.5)


class Downloading:
    """`ScriptedService.download` with its own luck: errors first, then pieces of the film."""

    def __init__(self, service: ScriptedService, *lucks: ProviderError | Callable[[bytes], bytes]) -> None:
        self.lucks = list(lucks)
        self.looks = 0
        self._service = service
        service.download = self.download  # type: ignore[method-assign, assignment]

    @asynccontextmanager
    async def download(self, _ref: object, _status: object) -> AsyncIterator[Download]:
        self.looks += 1
        luck = self.lucks.pop(0) if self.lucks else bytes
        if isinstance(luck, ProviderError):
            raise luck
        whole = self._service.film.read_bytes()
        sent = luck(whole)

        async def chunks() -> AsyncIterator[bytes]:
            yield sent

        yield Download(chunks=chunks(), length=len(whole) if luck is half else len(sent))


def half(film: bytes) -> bytes:
    return film[: len(film) // 2]


def page(_film: bytes) -> bytes:
    return b"<html>Please sign in</html>"


@pytest.mark.parametrize(
    "luck",
    [Unreachable("refused"), CapacityFailed("502"), TimedOut("silent"), AuthFailed("403"), NotFound("404"), half, page],
)
async def test_a_download_that_fails_twice_is_fetched_the_third_time_and_nothing_is_made_again(
    tmp_path: Path, luck: ProviderError | Callable[[bytes], bytes]
) -> None:
    async with a_house(tmp_path) as (house, service):
        downloads = Downloading(service, luck, luck)
        record = await house.play(await house.accepted(length_s=4))
        assert (record.job.state, downloads.looks, len(service.accepted)) == (JobState.DELIVERED, 3, 1)
        assert (await house.spent(), await house.ledger_is_exact()) == ((400_000, 0), True)


@pytest.mark.parametrize(
    ("luck", "failure"),
    [
        (Unreachable("refused"), Failure.NOT_FETCHED),
        (half, Failure.NOT_FETCHED),
        (NotFound("the link has expired"), Failure.VIDEO_LOST),
        (page, Failure.VIDEO_LOST),
    ],
)
async def test_a_file_that_never_comes_is_told_as_what_it_is_paid_once_and_brought_by_send_again(
    tmp_path: Path, luck: ProviderError | Callable[[bytes], bytes], failure: Failure
) -> None:
    async with a_house(tmp_path) as (house, service):
        downloads = Downloading(service, *[luck] * 6)
        job = await house.accepted(length_s=4)
        record = await house.play(job)
        assert (record.job.failure, len(house.surface.told), len(service.accepted)) == (failure, 1, 1)
        assert await house.spent() == (400_000, 0)
        downloads.lucks.clear()
        assert await house.service.send_again("T1", record.job.order.user_id, job.id)
        record = await house.play(job)
        assert (record.job.state, len(house.surface.delivered), len(service.accepted)) == (JobState.DELIVERED, 1, 1)
        assert (await house.spent(), await house.ledger_is_exact()) == ((400_000, 0), True)


async def test_a_disk_that_stays_full_keeps_nothing_half_and_send_again_works_once_there_is_room(
    tmp_path: Path,
) -> None:
    mb = 1024 * 1024
    async with a_house(tmp_path) as (house, service):
        downloads = Downloading(service, *[lambda film: film + bytes(20 * mb)] * 6)
        job = await house.accepted(length_s=4)
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (10 * mb, before[1]))  # writing more fails as on a full disk
        try:
            record = await house.play(job)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert (record.job.failure, downloads.looks, len(service.accepted)) == (Failure.NOT_FETCHED, 6, 1)
        assert (await house.spent(), list((tmp_path / "spool").rglob("*.part"))) == ((400_000, 0), [])
        assert await house.service.send_again("T1", record.job.order.user_id, job.id)
        record = await house.play(job)
        assert (record.job.state, len(service.accepted), await house.spent()) == (JobState.DELIVERED, 1, (400_000, 0))


@pytest.mark.parametrize("error", [NotFound("404"), Retired("410")])
async def test_a_render_that_is_gone_time_and_again_ends_and_is_made_nowhere_else(
    tmp_path: Path, error: ProviderError
) -> None:
    other: list[ScriptedService] = []

    def two(one: ScriptedService) -> tuple[object, ...]:
        other.append(ScriptedService(clock=one.clock, film=one.film))
        return an_upstream(one), an_upstream(other[0], "other", tier=Tier.RELAY)

    async with a_house(tmp_path, upstreams=two) as (house, service):  # type: ignore[arg-type]
        service.statuses = [RUNNING, *[error] * 500]
        record = await house.play(await house.accepted())
        assert (record.job.failure, len(house.surface.told)) == (Failure.NOT_RENDERED, 1)
        assert (len(service.accepted), other[0].accepted, await house.spent()) == (1, [], (0, 0))
        assert await house.ledger_is_exact()


@pytest.mark.parametrize("error", [AuthFailed("key"), QuotaExhausted("balance"), CapacityFailed("500"), TimedOut("?")])
async def test_looks_that_fail_for_an_hour_lose_no_video_and_no_money(tmp_path: Path, error: ProviderError) -> None:
    async with a_house(tmp_path) as (house, service):
        service.statuses = [error] * 30
        job = await house.accepted(length_s=4)
        record = await house.play(job, within_s=6 * 3600)
        assert (record.job.state, len(service.accepted)) == (JobState.DELIVERED, 1)
        assert (await house.spent(), house.surface.told) == ((400_000, 0), [])


async def test_progress_that_goes_back_shows_the_most_that_was_seen(tmp_path: Path) -> None:
    async with a_house(tmp_path) as (house, service):
        service.statuses = [
            RenderStatus(state=RenderState.RUNNING, progress=each) for each in (0.4, 0.1, 0.0, 0.42, 0.6, 0.3)
        ]
        record = await house.play(await house.accepted())
        assert (record.job.state, record.attempts[0].progress) == (JobState.DELIVERED, 0.6)


async def test_a_submit_met_by_silence_is_a_doubt_at_its_deadline_and_never_a_second_video(tmp_path: Path) -> None:
    """The deadline is the network's and so in real time: a short one."""
    impatient = a_protocol(submit_timeout_s=0.05)
    async with a_house(tmp_path, upstreams=lambda one: (an_upstream(one, protocol=impatient),)) as (house, service):
        answering = service.submit

        async def silent(request: object) -> object:
            await answering(request)  # type: ignore[arg-type]
            return await asyncio.Event().wait()

        service.submit = silent  # type: ignore[method-assign, assignment]
        record = await house.play(await house.accepted(length_s=4))
        assert (record.job.state, len(service.accepted), len(record.attempts)) == (JobState.DELIVERED, 1, 1)
        assert await house.spent() == (400_000, 0)


async def test_too_fast_five_times_in_a_row_is_given_up_in_words_and_costs_nothing(tmp_path: Path) -> None:
    async with a_house(tmp_path) as (house, service):
        service.before += [RateLimited("slow down")] * 50
        begun = house.clock.now()
        record = await house.play(await house.accepted())
        assert (record.job.failure, service.accepted, await house.spent()) == (Failure.SERVICES_FAILED, [], (0, 0))
        assert (len(record.attempts), len(house.surface.told)) == (6, 1)
        assert house.clock.now() - begun >= timedelta(seconds=1 + 2 + 4 + 8 + 16)


async def test_while_a_doubt_cannot_be_looked_up_nothing_is_sent_and_the_money_stays_reserved(tmp_path: Path) -> None:
    async with a_house(tmp_path) as (house, service):
        service.before.append(OutcomeUnknown("dropped"))
        listing, down = service.find, True

        async def find(since: object) -> object:
            if down:
                raise Unreachable("the list does not answer")
            return await listing(since)  # type: ignore[arg-type]

        service.find = find  # type: ignore[method-assign, assignment]
        job = await house.accepted(length_s=4)
        playing = asyncio.ensure_future(story(job.id, house.steps))
        await house.clock.advance(3600)
        assert ((await house.record(job.id)).job.state, service.accepted) == (JobState.CHECKING, [])
        assert await house.spent() == (0, 400_000)
        down = False
        await house.clock.finish(playing)
        assert ((await house.record(job.id)).job.state, len(service.accepted)) == (JobState.DELIVERED, 1)
        assert (await house.spent(), await house.ledger_is_exact()) == ((400_000, 0), True)
