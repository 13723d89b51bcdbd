"""The local SGLang and the local LiteLLM proxy, as a plain client meets them."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from bot.clock import SystemClock
from bot.demo.videos import LocalVideos
from bot.demo.videos.faults import FailRender, StickRender

ORDER = {"model": "wan", "prompt": "a corgi surfing at sunset", "seconds": 4, "size": "1280x720"}
FILM = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + bytes(100)


@asynccontextmanager
async def serving(folder: Path, variant: str) -> AsyncIterator[tuple[LocalVideos, httpx.AsyncClient]]:
    film = folder / "film.mp4"
    film.write_bytes(FILM)
    async with (
        LocalVideos.running(clock=SystemClock(), directory=folder, film=film, variant=variant, render_s=0.02) as videos,
        httpx.AsyncClient(base_url=videos.base_url, headers={"Authorization": f"Bearer {videos.key}"}) as http,
    ):
        yield videos, http


async def test_sglang_wants_whole_seconds_and_answers_in_fastapis_words(tmp_path: Path) -> None:
    async with serving(tmp_path, "sglang") as (videos, http):
        for seconds in (4, "4"):
            assert (await http.post("/videos", json=ORDER | {"seconds": seconds})).json()["seconds"] == "4"
        for wrong, place in (({"seconds": 4.5}, "seconds"), ({"size": "wide"}, "size"), ({"prompt": None}, "prompt")):
            answer = await http.post("/videos", json=ORDER | wrong)
            assert (answer.status_code, answer.json()["detail"][0]["loc"]) == (422, ["body", place])
        assert len(videos.accepted) == 2


async def test_sglang_shows_no_prompts_and_takes_a_name_of_a_variant_for_an_index(tmp_path: Path) -> None:
    async with serving(tmp_path, "sglang") as (videos, http):
        made = (await http.post("/videos", json=ORDER)).json()
        await asyncio.wait_for(videos.accepted[0].ended.wait(), timeout=10)
        (listed,) = (await http.get("/videos")).json()["data"]
        assert "prompt" not in listed
        assert (await http.get(listed["urls"][0])).content == FILM
        content = f"/videos/{made['id']}/content"
        assert [(await http.get(content + mark)).status_code for mark in ("", "?variant=0", "?variant=video")] == [
            200, 200, 404,
        ]  # fmt: skip


async def test_sglang_forgets_what_is_deleted_and_a_failure_has_no_code(tmp_path: Path) -> None:
    async with serving(tmp_path, "sglang") as (videos, http):
        videos.faults.add("create", FailRender(code="x", message="CUDA out of memory"))
        made = (await http.post("/videos", json=ORDER)).json()
        await asyncio.wait_for(videos.accepted[0].ended.wait(), timeout=10)
        failed = (await http.get(f"/videos/{made['id']}")).json()
        assert (failed["status"], failed["error"]) == ("failed", {"message": "CUDA out of memory"})
        videos.faults.add("create", StickRender())
        stuck = (await http.post("/videos", json=ORDER)).json()
        assert (await http.delete(f"/videos/{stuck['id']}")).status_code == 200
        assert (await http.get(f"/videos/{stuck['id']}")).status_code == 404


async def test_a_litellm_proxy_names_the_maker_inside_the_id_and_lists_nothing(tmp_path: Path) -> None:
    async with serving(tmp_path, "litellm") as (videos, http):
        made = (await http.post("/videos", json=ORDER | {"seconds": "4"})).json()
        inside = base64.urlsafe_b64decode(made["id"].removeprefix("video_")).decode()
        assert inside.startswith("litellm:custom_llm_provider:openai;")
        await asyncio.wait_for(videos.accepted[0].ended.wait(), timeout=10)
        assert (await http.get(f"/videos/{made['id']}")).json()["status"] == "completed"
        assert (await http.get(f"/videos/{made['id']}/content")).content == FILM
        assert (await http.get("/videos")).status_code in {404, 405}
        assert (await http.delete(f"/videos/{made['id']}")).status_code in {404, 405}


async def test_a_litellm_proxy_repeats_the_status_as_the_code_of_an_error(tmp_path: Path) -> None:
    async with serving(tmp_path, "litellm") as (_, http):
        wrong = await http.post("/videos", json=ORDER | {"seconds": "400"})
        assert (wrong.status_code, wrong.json()["error"]["code"]) == (400, "400")
        stranger = await http.post("/videos", json=ORDER, headers={"Authorization": "Bearer sk-other"})
        assert (stranger.status_code, stranger.json()["error"]["code"]) == (401, "401")
