"""The two other variants of `/v1/videos`, as a plain client meets them."""

import asyncio
import base64
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import psutil
import pytest
from PIL import Image

from bot.clock import SystemClock
from bot.demo.videos import JobStatus, LocalVideos
from bot.demo.videos.faults import FailRender, StickRender

ORDER = {"model": "muse", "prompt": "a corgi surfing at sunset", "seconds": "4", "size": "1280x720"}


def picture() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (64, 48), (200, 120, 40)).save(file, "JPEG")
    return file.getvalue()


@pytest.fixture
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.getbasetemp() / "films"


@asynccontextmanager
async def serving(films: Path, variant: str) -> AsyncIterator[tuple[LocalVideos, httpx.AsyncClient]]:
    async with (
        LocalVideos.running(clock=SystemClock(), directory=films, variant=variant, render_s=0.04) as videos,
        httpx.AsyncClient(base_url=videos.base_url, headers={"Authorization": f"Bearer {videos.key}"}) as http,
    ):
        yield videos, http


@pytest.fixture
async def relay(films: Path) -> AsyncIterator[tuple[LocalVideos, httpx.AsyncClient]]:
    async with serving(films, "relay") as both:
        yield both


@pytest.fixture
async def vllm(films: Path) -> AsyncIterator[tuple[LocalVideos, httpx.AsyncClient]]:
    async with serving(films, "vllm_omni") as both:
        yield both


Both = tuple[LocalVideos, httpx.AsyncClient]


async def test_a_relay_answers_task_id_and_at_the_end_a_video_url_that_needs_no_key(relay: Both) -> None:
    videos, http = relay
    made = (await http.post("/videos", json=ORDER)).json()
    assert "id" not in made
    assert made["status"] == "queued"
    assert "video_url" not in made
    await asyncio.wait_for(videos.accepted[0].ended.wait(), timeout=30)

    look = (await http.get(f"/videos/{made['task_id']}")).json()

    assert (look["status"], look["progress"]) == ("completed", 100)
    async with httpx.AsyncClient() as stranger:
        film = await stranger.get(look["video_url"])
        assert (await stranger.get(f"{videos.origin}/files/guessed.mp4")).status_code == 404
    assert film.headers["content-type"] == "video/mp4"
    assert film.content == (await http.get(f"/videos/{made['task_id']}/content")).content
    assert videos.charged(videos.accepted[0])


async def test_a_relay_takes_forms_numbers_and_pictures(relay: Both) -> None:
    videos, http = relay
    url = "data:image/jpeg;base64," + base64.b64encode(picture()).decode()
    answers = [
        await http.post("/videos", json={**ORDER, "seconds": 4, "metadata": {"seed": 1}}),
        await http.post("/videos", data=ORDER, files={"input_reference": ("a.jpg", picture(), "image/jpeg")}),
        await http.post("/videos", json={**ORDER, "input_reference": url}),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert [job.asked.picture for job in videos.accepted] == [None, picture(), picture()]


async def test_a_relay_words_its_errors_in_its_own_shape(relay: Both) -> None:
    videos, http = relay
    for wrong in ({"prompt": "x"}, {**ORDER, "prompt": " "}, {**ORDER, "seconds": "61"}, {**ORDER, "size": "641x360"}):
        answer = await http.post("/videos", json=wrong)
        assert answer.status_code == 400
        assert set(answer.json()) == {"code", "message", "data"}
    refused = await http.post("/videos", json=ORDER, headers={"Authorization": "Bearer other"})
    assert (refused.status_code, refused.json()["error"]["type"]) == (401, "new_api_error")
    assert (await http.get("/videos/task_none")).status_code == 404
    assert (await http.get("/videos")).status_code == 404
    assert (await http.delete("/videos/task_none")).status_code == 404
    assert videos.accepted == []


async def test_a_relay_takes_the_money_at_once_and_gives_it_back_for_a_failure(relay: Both) -> None:
    videos, http = relay
    videos.faults.add("create", FailRender(code="moderation_blocked", message="Blocked."))
    made = (await http.post("/videos", json=ORDER)).json()
    assert videos.charged(videos.accepted[0])
    await asyncio.wait_for(videos.accepted[0].ended.wait(), timeout=30)

    look = await http.get(f"/videos/{made['task_id']}")
    assert look.status_code == 200
    assert look.json()["error"] == {"message": "Blocked.", "code": "moderation_blocked"}
    assert not videos.charged(videos.accepted[0])
    assert (await http.get(f"/videos/{made['task_id']}/content")).status_code == 410


async def test_vllm_reads_forms_only(vllm: Both) -> None:
    videos, http = vllm
    refused = await http.post("/videos", json=ORDER)
    assert refused.status_code == 422
    assert refused.json()["detail"][0]["loc"] == ["body", "prompt"]

    urlencoded = await http.post("/videos", data={**ORDER, "seed": "7", "fps": "24"})
    multipart = await http.post("/videos", data=ORDER, files={"input_reference": ("a.jpg", picture(), "image/jpeg")})
    url = "data:image/jpeg;base64," + base64.b64encode(picture()).decode()
    in_json = await http.post("/videos", data={**ORDER, "image_reference": json.dumps({"image_url": url})})

    assert [answer.status_code for answer in (urlencoded, multipart, in_json)] == [200, 200, 200]
    assert urlencoded.json()["id"].startswith("video_gen_")
    assert [job.asked.picture for job in videos.accepted] == [None, picture(), picture()]
    for wrong in ({**ORDER, "seconds": "0"}, {**ORDER, "size": "1280*720"}, {**ORDER, "image_reference": "{"}):
        assert (await http.post("/videos", data=wrong)).status_code == 422


async def test_a_failed_job_of_vllm_is_an_error_status_with_the_video_in_it(vllm: Both) -> None:
    videos, http = vllm
    videos.faults.add("create", FailRender(code="oom", message="CUDA out of memory", http_status=503))
    video_id = (await http.post("/videos", data=ORDER)).json()["id"]
    await asyncio.wait_for(videos.accepted[0].ended.wait(), timeout=30)

    look = await http.get(f"/videos/{video_id}")

    assert look.status_code == 503
    assert (look.json()["object"], look.json()["status"]) == ("video", "failed")
    assert look.json()["error"] == {"code": 503, "message": "CUDA out of memory"}
    assert (await http.get(f"/videos/{video_id}/content")).status_code == 422
    assert (await http.get("/videos")).json()["data"][0]["status"] == "failed"


async def test_delete_stops_a_running_job_of_vllm(vllm: Both) -> None:
    videos, http = vllm
    videos.faults.add("create", StickRender())
    video_id = (await http.post("/videos", data=ORDER)).json()["id"]
    assert (await http.get(f"/videos/{video_id}/content")).status_code == 404

    deleted = await http.delete(f"/videos/{video_id}")

    assert (deleted.status_code, deleted.json()["deleted"]) == (200, True)
    assert (await http.get(f"/videos/{video_id}")).status_code == 404
    assert videos.accepted[0].status is JobStatus.FAILED
    assert videos.jobs == []
    assert (await http.delete(f"/videos/{video_id}")).status_code == 404


async def test_stopping_a_render_ends_its_worker_process_at_once(films: Path) -> None:
    async with serving(films.parent / "unseen", "vllm_omni") as (_, http):
        order = {**ORDER, "seconds": "60", "prompt": "a film nobody has made yet"}
        video_id = (await http.post("/videos", data=order)).json()["id"]
        while not (worker := children()):
            await asyncio.sleep(0.01)

        assert (await http.delete(f"/videos/{video_id}")).status_code == 200
        assert not any(process.is_running() for process in worker)
        assert list((films.parent / "unseen").glob("*.mp4")) == []


def children() -> list[psutil.Process]:
    return [
        child for child in psutil.Process().children() if "bot.demo.videos.studio_worker" in " ".join(child.cmdline())
    ]
