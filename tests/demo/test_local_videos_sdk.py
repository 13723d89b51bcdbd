"""The real `openai` SDK drives the local service through everything it can do with videos."""

import io
from collections.abc import AsyncIterator
from pathlib import Path

import av
import openai
import pytest
from openai import AsyncOpenAI
from PIL import Image
from virtual_clock import VirtualClock

from bot.clock import SystemClock
from bot.demo.videos import LocalVideos, Switch
from bot.demo.videos.faults import FailRender, Status

PROMPT = "a corgi surfing at sunset"


def picture(size_px: tuple[int, int], kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size_px, (200, 120, 40)).save(file, kind)
    return file.getvalue()


@pytest.fixture
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.getbasetemp() / "films"


@pytest.fixture
async def videos(films: Path) -> AsyncIterator[LocalVideos]:
    async with LocalVideos.running(clock=SystemClock(), directory=films, render_s=0.04, poll_after_ms=20) as running:
        yield running


@pytest.fixture
async def client(videos: LocalVideos) -> AsyncIterator[AsyncOpenAI]:
    async with AsyncOpenAI(base_url=videos.base_url, api_key=videos.key, max_retries=0) as made:
        yield made


async def test_a_prompt_becomes_a_film_that_plays_and_has_the_length_and_size_asked_for(
    client: AsyncOpenAI, videos: LocalVideos, tmp_path: Path
) -> None:
    video = await client.videos.create_and_poll(prompt=PROMPT, model="sora-2", seconds="4", size="1280x720")

    assert (video.status, video.progress, video.seconds, video.size) == ("completed", 100, "4", "1280x720")
    assert video.completed_at is not None
    assert video.expires_at is not None
    assert video.expires_at > video.completed_at >= video.created_at
    answer = await client.videos.download_content(video.id)
    assert answer.response.headers["content-type"] == "video/mp4"
    (film := tmp_path / "film.mp4").write_bytes(answer.content)
    with av.open(str(film)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.width, stream.height) == ("h264", 1280, 720)
        assert [each.codec_context.name for each in container.streams.audio] == ["aac"]
        assert container.duration is not None
        assert abs(container.duration / 1_000_000 - 4) < 0.2
    assert [job.prompt for job in videos.accepted] == [PROMPT]
    assert videos.accepted[0].downloads == 1


async def test_previews_are_pictures_of_the_film(client: AsyncOpenAI) -> None:
    video = await client.videos.create_and_poll(prompt=PROMPT, seconds="4", size="1280x720")

    poster = (await client.videos.download_content(video.id, variant="thumbnail")).content
    sheet = (await client.videos.download_content(video.id, variant="spritesheet")).content

    with Image.open(io.BytesIO(poster)) as opened:
        assert (opened.format, opened.width) == ("WEBP", 640)
    with Image.open(io.BytesIO(sheet)) as opened:
        assert (opened.format, opened.size) == ("JPEG", (1280, 540))


async def test_progress_follows_the_clock_and_100_means_that_there_is_a_file(tmp_path: Path) -> None:
    (film := tmp_path / "ready.mp4").write_bytes(b"film")
    clock = VirtualClock()
    async with (
        LocalVideos.running(clock=clock, directory=tmp_path, film=film, render_s=8) as videos,
        AsyncOpenAI(base_url=videos.base_url, api_key=videos.key) as client,
    ):
        video = await client.videos.create(prompt=PROMPT)
        seen = [(video.status, video.progress)]
        for _ in range(4):
            await clock.advance(2)
            video = await client.videos.retrieve(video.id)
            seen.append((video.status, video.progress))
            if video.status != "completed":
                with pytest.raises(openai.BadRequestError, match="not ready"):
                    await client.videos.download_content(video.id)

        assert seen == [("queued", 0)] + [("in_progress", percent) for percent in (25, 50, 75)] + [("completed", 100)]
        assert (await client.videos.download_content(video.id)).content == b"film"
        await clock.advance(24 * 3600)
        with pytest.raises(openai.NotFoundError):
            await client.videos.download_content(video.id)


async def test_looks_at_unfinished_jobs_carry_the_hint_when_to_look_again(
    client: AsyncOpenAI, videos: LocalVideos
) -> None:
    await videos.switch(Switch.STUCK)
    video = await client.videos.create(prompt=PROMPT, seconds="4", size="1280x720")
    running = await client.videos.with_raw_response.retrieve(video.id)
    await videos.switch(Switch.NORMAL)
    await client.videos.poll(video.id)
    done = await client.videos.with_raw_response.retrieve(video.id)

    assert running.headers["openai-poll-after-ms"] == "20"
    assert "openai-poll-after-ms" not in done.headers


async def test_a_first_frame_goes_along_as_a_file(client: AsyncOpenAI, videos: LocalVideos) -> None:
    frame = picture((1280, 720))
    await client.videos.create(prompt=PROMPT, size="1280x720", input_reference=("first.png", frame, "image/png"))

    assert videos.accepted[0].asked.picture == frame


@pytest.mark.parametrize(
    ("order", "param"),
    [
        ({"prompt": ""}, "prompt"),
        ({"prompt": "x" * 32_001}, "prompt"),
        ({"prompt": PROMPT, "seconds": "5"}, "seconds"),
        ({"prompt": PROMPT, "size": "1920x1080"}, "size"),
        ({"prompt": PROMPT, "extra_body": {"seed": "7"}}, "seed"),
        ({"prompt": PROMPT, "size": "1280x720", "input_reference": ("a.png", b"not a picture")}, "input_reference"),
        ({"prompt": PROMPT, "size": "1280x720", "input_reference": ("a.png", picture((640, 360)))}, "input_reference"),
    ],
)
async def test_a_wrong_order_is_refused_at_once_and_starts_nothing(
    client: AsyncOpenAI, videos: LocalVideos, order: dict[str, object], param: str
) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        await client.videos.create(**order)

    assert (caught.value.type, caught.value.param) == ("invalid_request_error", param)
    assert caught.value.request_id is not None
    assert videos.accepted == []


async def test_errors_come_as_the_classes_the_sdk_has_for_them(client: AsyncOpenAI, videos: LocalVideos) -> None:
    with pytest.raises(openai.NotFoundError):
        await client.videos.retrieve("video_never_made")
    with pytest.raises(openai.AuthenticationError) as wrong_key:
        await client.with_options(api_key="sk-other").videos.list()
    assert wrong_key.value.code == "invalid_api_key"

    limits = {"Retry-After": "7"}
    videos.faults.add("create", Status(code=429, headers=limits))
    with pytest.raises(openai.RateLimitError) as limited:
        await client.videos.create(prompt=PROMPT)
    assert limited.value.response.headers["retry-after"] == "7"
    assert videos.faults.hits["create", "Status"] == 1
    assert videos.accepted == []


async def test_the_list_pages_through_every_job_in_both_directions(client: AsyncOpenAI, videos: LocalVideos) -> None:
    made = [(await client.videos.create(prompt=PROMPT, seconds="4", size="1280x720")).id for _ in range(5)]

    assert [video.id async for video in client.videos.list(limit=2)] == made[::-1]
    assert [video.id async for video in client.videos.list(limit=2, order="asc")] == made
    first = await client.videos.list(limit=2, order="asc")
    assert (first.has_more, first.last_id) == (True, made[1])
    with pytest.raises(openai.BadRequestError):
        await client.videos.list(limit=101)


async def test_a_job_younger_than_the_listing_lag_is_not_listed_yet(films: Path) -> None:
    async with (
        LocalVideos.running(clock=SystemClock(), directory=films, render_s=0.04, listing_lag_s=60) as videos,
        AsyncOpenAI(base_url=videos.base_url, api_key=videos.key) as client,
    ):
        video = await client.videos.create(prompt=PROMPT)

        assert (await client.videos.list()).data == []
        assert (await client.videos.retrieve(video.id)).id == video.id


async def test_delete_takes_finished_jobs_only_and_what_was_accepted_stays_written(
    client: AsyncOpenAI, videos: LocalVideos
) -> None:
    await videos.switch(Switch.STUCK)
    running = await client.videos.create(prompt=PROMPT, seconds="4", size="1280x720")
    with pytest.raises(openai.BadRequestError):
        await client.videos.delete(running.id)
    await videos.switch(Switch.NORMAL)
    await client.videos.poll(running.id)

    deleted = await client.videos.delete(running.id)

    assert (deleted.deleted, deleted.object) == (True, "video.deleted")
    with pytest.raises(openai.NotFoundError):
        await client.videos.retrieve(running.id)
    with pytest.raises(openai.NotFoundError):
        await client.videos.download_content(running.id)
    assert [video.id async for video in client.videos.list()] == []
    assert [job.id for job in videos.accepted] == [running.id]


async def test_a_failed_render_says_why_and_is_not_charged(client: AsyncOpenAI, videos: LocalVideos) -> None:
    videos.faults.add("create", FailRender(code="moderation_blocked", message="Blocked.", at_progress=40))

    video = await client.videos.create_and_poll(prompt=PROMPT)

    assert video.status == "failed"
    assert video.error is not None
    assert (video.error.code, video.error.message) == ("moderation_blocked", "Blocked.")
    assert not videos.charged(videos.accepted[0])
    with pytest.raises(openai.NotFoundError):
        await client.videos.download_content(video.id)


async def test_models_can_be_named_and_others_are_not_found(films: Path) -> None:
    async with (
        LocalVideos.running(clock=SystemClock(), directory=films, render_s=0.04, models=("demo-1", "demo-2")) as videos,
        AsyncOpenAI(base_url=videos.base_url, api_key=videos.key) as client,
    ):
        assert [model.id async for model in client.models.list()] == ["demo-1", "demo-2"]
        with pytest.raises(openai.NotFoundError) as missing:
            await client.videos.create(prompt=PROMPT, model="sora-2")

    assert missing.value.code == "model_not_found"
    assert videos.accepted == []
