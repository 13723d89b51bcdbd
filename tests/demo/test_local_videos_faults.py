"""Each piece of bad luck on the dial, seen by a plain HTTP client: what arrives, and what the service really did."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import SimpleNamespace

import av
import httpx
import pytest

from bot.clock import SystemClock
from bot.demo.faults import Delay, Drop, Kill, Silence
from bot.demo.videos import JobStatus, LocalVideos
from bot.demo.videos.faults import (
    CompletedWithoutFile,
    ExpiredLink,
    Fault,
    Html,
    Huge,
    NotAVideo,
    OtherJson,
    ProgressBackwards,
    Redirect,
    SlowDrip,
    Status,
    StickRender,
    Truncated,
    UnknownStatus,
)

ORDER = {"prompt": "a corgi surfing at sunset", "seconds": "4", "size": "1280x720"}


@pytest.fixture
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.getbasetemp() / "films"


@pytest.fixture
async def videos(films: Path) -> AsyncIterator[LocalVideos]:
    async with LocalVideos.running(clock=SystemClock(), directory=films, render_s=0.04) as running:
        yield running


@pytest.fixture
async def http(videos: LocalVideos) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(
        base_url=videos.base_url, headers={"Authorization": f"Bearer {videos.key}"}, timeout=5
    ) as client:
        yield client


async def finished(videos: LocalVideos, http: httpx.AsyncClient) -> str:
    """The id of a job whose film is ready."""
    video_id: str = (await http.post("/videos", json=ORDER)).json()["id"]
    await asyncio.wait_for(videos.accepted[-1].ended.wait(), timeout=30)
    return video_id


@pytest.mark.parametrize("processed", [True, False])
@pytest.mark.parametrize(
    ("make", "status", "media_type"),
    [
        (lambda processed: Status(code=503, processed=processed), 503, "application/json"),
        (lambda processed: Status(code=502, body="<h1>502</h1>", processed=processed), 502, "text/html"),
        (lambda processed: Html(processed=processed), 200, "text/html"),
        (lambda processed: OtherJson(processed=processed), 200, "application/json"),
    ],
)
async def test_a_wrong_answer_comes_with_and_without_the_work_done(
    videos: LocalVideos,
    http: httpx.AsyncClient,
    make: Callable[[bool], Fault],
    processed: bool,
    status: int,
    media_type: str,
) -> None:
    videos.faults.add("create", make(processed))

    answer = await http.post("/videos", json=ORDER)

    assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (status, media_type)
    assert "video_" not in answer.text
    assert len(videos.accepted) == (1 if processed else 0)
    assert (await http.post("/videos", json=ORDER)).status_code == 200, "the fault is used up"


@pytest.mark.parametrize("processed", [True, False])
async def test_a_cut_connection_is_an_error_without_an_answer(
    videos: LocalVideos, http: httpx.AsyncClient, processed: bool
) -> None:
    videos.faults.add("create", Drop(processed=processed))

    with pytest.raises(httpx.TransportError):
        await http.post("/videos", json=ORDER)

    assert len(videos.accepted) == (1 if processed else 0)
    (call,) = videos.calls.of("create")
    assert (call.fault, call.status) == ("Drop", None)
    assert call.outcome == ("processed, then cut" if processed else "cut")


@pytest.mark.parametrize("processed", [True, False])
async def test_silence_lasts_until_the_client_gives_up(
    videos: LocalVideos, http: httpx.AsyncClient, processed: bool
) -> None:
    videos.faults.add("create", Silence(processed=processed))
    asking = asyncio.ensure_future(http.post("/videos", json=ORDER))
    while "silent" not in [call.outcome.split()[-1] for call in videos.calls]:
        await asyncio.sleep(0.005)

    done, _ = await asyncio.wait([asking], timeout=0.1)
    assert not done, "nothing comes"
    asking.cancel()
    assert len(videos.accepted) == (1 if processed else 0)


async def test_a_late_answer_waits_by_the_services_clock(films: Path) -> None:
    slept: list[float] = []

    class Hurried(SystemClock):
        async def sleep(self, seconds: float) -> None:
            slept.append(seconds)

    async with LocalVideos.running(clock=Hurried(), directory=films) as videos:
        videos.faults.add("list", Delay(seconds=3600))
        async with httpx.AsyncClient(headers={"Authorization": f"Bearer {videos.key}"}) as http:
            assert (await http.get(f"{videos.base_url}/videos")).status_code == 200

    assert 3600 in slept


@pytest.mark.parametrize("later", [True, False])
async def test_the_client_can_be_killed_after_the_work_and_before_the_answer(
    videos: LocalVideos, http: httpx.AsyncClient, later: bool
) -> None:
    seen: list[int] = []

    def strike() -> None:
        seen.append(len(videos.accepted))

    async def strike_later() -> None:
        strike()

    videos.faults.add("create", Kill(strike=strike_later if later else strike))
    with pytest.raises(httpx.TransportError):
        await http.post("/videos", json=ORDER)

    assert seen == [1], "struck once, with the render already started"
    assert videos.faults.hits["create", "Kill"] == 1


async def test_looks_can_go_backwards_or_speak_unknown_words(videos: LocalVideos, http: httpx.AsyncClient) -> None:
    videos.faults.add("create", StickRender())
    video_id = (await http.post("/videos", json=ORDER)).json()["id"]
    while (await http.get(f"/videos/{video_id}")).json()["progress"] < 99:
        await asyncio.sleep(0.01)
    videos.faults.add("retrieve", ProgressBackwards())
    videos.faults.add("retrieve", UnknownStatus(word="upscaling"), after=1)

    assert (await http.get(f"/videos/{video_id}")).json()["progress"] == 69
    assert (await http.get(f"/videos/{video_id}")).json()["progress"] == 99
    assert (await http.get(f"/videos/{video_id}")).json()["status"] == "upscaling"
    videos.accepted[0].may_finish.set()
    await asyncio.wait_for(videos.accepted[0].ended.wait(), timeout=30)
    assert (await http.get(f"/videos/{video_id}")).json()["progress"] == 100


async def test_completed_can_come_without_a_file(videos: LocalVideos, http: httpx.AsyncClient) -> None:
    video_id = (await http.post("/videos", json=ORDER)).json()["id"]
    videos.faults.add("retrieve", CompletedWithoutFile())

    assert (await http.get(f"/videos/{video_id}", timeout=30)).json()["status"] == "completed"
    assert (await http.get(f"/videos/{video_id}/content")).status_code == 404


async def test_a_truncated_file_lies_about_its_length_or_does_not(videos: LocalVideos, http: httpx.AsyncClient) -> None:
    video_id = await finished(videos, http)
    whole = (await http.get(f"/videos/{video_id}/content")).content
    videos.faults.add("content", Truncated(declared_length=True))
    videos.faults.add("content", Truncated(declared_length=False))

    with pytest.raises(httpx.RemoteProtocolError):
        await http.get(f"/videos/{video_id}/content")
    short = await http.get(f"/videos/{video_id}/content")

    assert int(short.headers["content-length"]) == len(short.content) == len(whole) // 2
    assert whole.startswith(short.content)


@pytest.mark.parametrize(
    ("fault", "status", "proof"),
    [
        (NotAVideo(), 200, lambda answer: answer.content.startswith(b"<html>")),
        (Redirect(), 302, lambda answer: answer.headers["location"].startswith("http://169.254.169.254/")),
        (Redirect(location="http://127.0.0.1/"), 302, lambda answer: answer.headers["location"] == "http://127.0.0.1/"),
        (ExpiredLink(), 410, lambda answer: "expired" in answer.text),
        (ExpiredLink(code=403), 403, lambda answer: "expired" in answer.text),
        (Status(code=404), 404, lambda answer: answer.json()["error"]["message"] == "HTTP 404"),
    ],
)
async def test_a_download_can_be_something_else(
    videos: LocalVideos, http: httpx.AsyncClient, fault: Fault, status: int, proof: Callable[[httpx.Response], bool]
) -> None:
    video_id = await finished(videos, http)
    videos.faults.add("content", fault)

    answer = await http.get(f"/videos/{video_id}/content")

    assert answer.status_code == status
    assert proof(answer)
    assert (await http.get(f"/videos/{video_id}/content")).headers["content-type"] == "video/mp4"


async def test_a_huge_file_is_a_film_that_plays_and_is_streamed(
    videos: LocalVideos, http: httpx.AsyncClient, tmp_path: Path
) -> None:
    video_id = await finished(videos, http)
    size_bytes = 24 * 1024 * 1024 + 7
    videos.faults.add("content", Huge(size_bytes=size_bytes))

    path, largest = tmp_path / "huge.mp4", 0
    async with http.stream("GET", f"/videos/{video_id}/content") as answer:
        with path.open("wb") as file:
            async for chunk in answer.aiter_raw():
                largest = max(largest, len(chunk))
                file.write(chunk)

    assert int(answer.headers["content-length"]) == path.stat().st_size == size_bytes
    assert largest < 2 * 1024 * 1024
    with av.open(str(path)) as container:
        assert container.duration is not None
        assert abs(container.duration / 1_000_000 - 4) < 0.2


async def test_three_hundred_megabytes_stop_when_the_client_leaves(
    videos: LocalVideos, http: httpx.AsyncClient
) -> None:
    video_id = await finished(videos, http)
    videos.faults.add("content", Huge())

    async with http.stream("GET", f"/videos/{video_id}/content") as answer:
        assert answer.headers["content-length"] == str(300 * 1024 * 1024)
        await anext(answer.aiter_raw())

    (call,) = videos.calls.of("content")
    while call.outcome == "under way":
        await asyncio.sleep(0.01)
    assert call.outcome == "the client left"


async def test_a_dripping_download_arrives_whole_in_small_pieces(films: Path) -> None:
    pauses = SimpleNamespace(count=0)

    class Counting(SystemClock):
        async def sleep(self, seconds: float) -> None:
            pauses.count += seconds == 0.5
            await asyncio.sleep(0)

    async with (
        LocalVideos.running(clock=Counting(), directory=films, render_s=0.0) as videos,
        httpx.AsyncClient(base_url=videos.base_url, headers={"Authorization": f"Bearer {videos.key}"}) as http,
    ):
        video_id = await finished(videos, http)
        whole = (await http.get(f"/videos/{video_id}/content")).content
        videos.faults.add("content", SlowDrip(chunk_bytes=20_000, pause_s=0.5))
        dripped = (await http.get(f"/videos/{video_id}/content")).content

    assert dripped == whole
    assert pauses.count == -(-len(whole) // 20_000)


async def test_a_fault_can_wait_repeat_and_be_cleared(videos: LocalVideos, http: httpx.AsyncClient) -> None:
    videos.faults.add("list", Status(code=500), times=2, after=1)
    assert [(await http.get("/videos")).status_code for _ in range(4)] == [200, 500, 500, 200]

    videos.faults.add("list", Status(code=500), times=None)
    assert [(await http.get("/videos")).status_code for _ in range(3)] == [500, 500, 500]
    videos.faults.clear()
    assert (await http.get("/videos")).status_code == 200
    assert videos.faults.hits == {("list", "Status"): 5}


async def test_a_fault_in_the_wrong_place_is_refused(videos: LocalVideos) -> None:
    with pytest.raises(ValueError, match="NotAVideo belongs to content, not to create"):
        videos.faults.add("create", NotAVideo())
    with pytest.raises(ValueError, match="upload"):
        videos.faults.add("upload", Html())


async def test_a_studio_that_breaks_is_a_failed_render_and_not_a_dead_service(
    videos: LocalVideos, http: httpx.AsyncClient, films: Path
) -> None:
    blocked = films.parent / "blocked"
    async with LocalVideos.running(clock=SystemClock(), directory=blocked, render_s=0.04) as other:
        blocked.rmdir()
        answer = await http.post(f"{other.base_url}/videos", json=ORDER)
        await asyncio.wait_for(other.accepted[0].ended.wait(), timeout=30)

        assert other.accepted[0].status is JobStatus.FAILED
        looked = await http.get(f"{other.base_url}/videos/{answer.json()['id']}")
        assert looked.json()["error"]["code"] == "internal_error"
