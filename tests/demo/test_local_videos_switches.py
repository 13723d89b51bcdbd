"""The switch a person turns in the demo: each position does to the next video what its name says."""

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from bot.clock import SystemClock
from bot.demo.videos import JobStatus, LocalVideos, Switch, Variant

ORDER = {"model": "demo", "prompt": "a corgi surfing at sunset", "seconds": "4", "size": "1280x720"}


@pytest.fixture
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.getbasetemp() / "films"


@pytest.fixture(params=list(Variant))
async def videos(films: Path, request: pytest.FixtureRequest) -> AsyncIterator[LocalVideos]:
    async with LocalVideos.running(
        clock=SystemClock(), directory=films, variant=request.param, render_s=0.04
    ) as running:
        yield running


@pytest.fixture
async def http(videos: LocalVideos) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(
        base_url=videos.base_url, headers={"Authorization": f"Bearer {videos.key}"}, timeout=30
    ) as client:
        yield client


async def started(http: httpx.AsyncClient) -> str:
    answer = await http.post("/videos", data=ORDER)
    assert answer.status_code == 200, answer.text
    shown = answer.json()
    return str(shown.get("id") or shown["task_id"])


async def ended(videos: LocalVideos) -> JobStatus:
    await asyncio.wait_for(videos.accepted[-1].ended.wait(), timeout=30)
    return videos.accepted[-1].status


async def test_down_refuses_connections_cuts_open_ones_and_comes_back_at_the_same_address(
    videos: LocalVideos, http: httpx.AsyncClient
) -> None:
    address, open_before = videos.base_url, await asyncio.open_connection("127.0.0.1", videos.port)
    video_id = await started(http)

    await videos.switch("down")

    with pytest.raises(httpx.ConnectError):
        await http.get(f"/videos/{video_id}")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", videos.port), timeout=1)
    assert await open_before[0].read() == b"", "open connections are cut"
    with pytest.raises(OSError, match="in use"), socket.socket() as thief:
        thief.bind(("127.0.0.1", videos.port))
    assert await ended(videos) is JobStatus.COMPLETED, "renders go on behind a shut door"

    await videos.switch("normal")

    assert videos.base_url == address
    assert (await http.get(f"/videos/{video_id}")).json()["status"] == "completed"
    open_before[1].close()


async def test_refuse_turns_everything_down_where_the_dialect_does_it(
    videos: LocalVideos, http: httpx.AsyncClient
) -> None:
    await videos.switch(Switch.REFUSE)

    if videos.variant is Variant.OPENAI:
        answer = await http.post("/videos", data=ORDER)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "moderation_blocked")
        assert videos.accepted == []
        return
    video_id = await started(http)
    assert await ended(videos) is JobStatus.FAILED
    look = await http.get(f"/videos/{video_id}")
    assert "moderation" in look.text
    assert look.status_code == (400 if videos.variant is Variant.VLLM_OMNI else 200)
    assert not videos.charged(videos.accepted[0])


async def test_lose_takes_the_submit_and_never_answers_it(videos: LocalVideos, http: httpx.AsyncClient) -> None:
    await videos.switch("lose")

    with pytest.raises(httpx.TransportError):
        await http.post("/videos", data=ORDER)

    assert await ended(videos) is JobStatus.COMPLETED
    assert len(videos.accepted) == 1
    assert videos.calls.of("create")[0].outcome == "processed, then cut"
    listed = await http.get("/videos")
    if videos.variant in {Variant.RELAY, Variant.LITELLM}:
        assert listed.status_code == 404
    else:
        assert [video["id"] for video in listed.json()["data"]] == [videos.accepted[0].id]


async def test_lose_still_says_what_was_wrong_with_an_order(videos: LocalVideos, http: httpx.AsyncClient) -> None:
    await videos.switch("lose")
    assert (await http.post("/videos", data={"model": "demo"})).status_code in (400, 422)
    assert videos.accepted == []


async def test_stuck_hangs_at_99_and_goes_on_when_put_back(videos: LocalVideos, http: httpx.AsyncClient) -> None:
    video_id = await started(http)
    await videos.switch("stuck")
    while (look := (await http.get(f"/videos/{video_id}")).json())["progress"] < 99:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)
    assert (await http.get(f"/videos/{video_id}")).json() == look
    assert look["status"] == "in_progress"

    await videos.switch("normal")

    assert await ended(videos) is JobStatus.COMPLETED


async def test_slow_takes_six_times_as_long_and_answers_late(films: Path) -> None:
    slept: list[float] = []

    class Hurried(SystemClock):
        async def sleep(self, seconds: float) -> None:
            slept.append(seconds)
            await asyncio.sleep(0)

    async def steps(position: str) -> int:
        slept.clear()
        async with (
            LocalVideos.running(clock=Hurried(), directory=films, render_s=8) as videos,
            httpx.AsyncClient(base_url=videos.base_url, headers={"Authorization": f"Bearer {videos.key}"}) as http,
        ):
            await videos.switch(position)
            await started(http)
            await ended(videos)
        return slept.count(0.4)

    normal = await steps("normal")
    assert normal == 20
    assert 6 * normal - 1 <= await steps("slow") <= 6 * normal + 1
    assert 0.8 in slept


async def test_errors_answer_everything_with_503_and_start_nothing(
    videos: LocalVideos, http: httpx.AsyncClient
) -> None:
    video_id = await started(http)
    await videos.switch(Switch.ERRORS)

    answers = [await http.post("/videos", data=ORDER), await http.get(f"/videos/{video_id}"), await http.get("/models")]

    assert [each.status_code for each in answers] == [503, 503, 503]
    assert all(each.json() for each in answers), "in the dialect's own words"
    assert len(videos.accepted) == 1
    await videos.switch(Switch.NORMAL)
    assert (await http.get(f"/videos/{video_id}")).status_code == 200


async def test_retired_takes_nothing_new_and_finishes_what_it_has(videos: LocalVideos, http: httpx.AsyncClient) -> None:
    video_id = await started(http)
    await videos.switch(Switch.RETIRED)

    refused = await http.post("/videos", data=ORDER)

    assert refused.status_code == 410
    assert "has been shut down" in refused.text
    assert (await http.get("/models")).json()["data"] == []
    assert await ended(videos) is JobStatus.COMPLETED
    assert (await http.get(f"/videos/{video_id}")).json()["status"] == "completed"


async def test_an_unknown_position_is_refused(videos: LocalVideos) -> None:
    with pytest.raises(ValueError, match="sideways"):
        await videos.switch("sideways")
    assert videos.switched is Switch.NORMAL
