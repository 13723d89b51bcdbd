"""OpenAI's own document judges the openai variant, both directions; and the judge itself is shown to be awake."""

import base64
import io
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from openai import AsyncOpenAI
from openai_document import judge_request, judge_response
from PIL import Image

from bot.clock import SystemClock
from bot.demo.videos import LocalVideos
from bot.demo.videos.faults import FailRender

PROMPT = "a corgi surfing at sunset"
KEY = {"Authorization": "Bearer sk-x"}
JSON = {**KEY, "Content-Type": "application/json"}


def picture(size_px: tuple[int, int]) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size_px, (200, 120, 40)).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.getbasetemp() / "films"


@pytest.fixture
async def videos(films: Path) -> AsyncIterator[LocalVideos]:
    async with LocalVideos.running(clock=SystemClock(), directory=films, render_s=0.04) as running:
        yield running


class Judged:
    """Keeps every answer that passed, with the request it answered."""

    def __init__(self) -> None:
        self.answers: list[tuple[str, str, int, dict[str, str], bytes]] = []

    async def keep(self, response: httpx.Response) -> None:
        body = await response.aread()
        request = response.request
        self.answers.append((request.method, str(request.url), response.status_code, dict(response.headers), body))

    def problems(self) -> list[str]:
        return [problem for answer in self.answers for problem in judge_response(*answer)]


async def test_every_answer_of_a_whole_life_is_as_the_document_says(videos: LocalVideos) -> None:
    judged = Judged()
    videos.faults.add("create", FailRender(), after=1)
    async with (
        httpx.AsyncClient(event_hooks={"response": [judged.keep]}) as http,
        AsyncOpenAI(base_url=videos.base_url, api_key=videos.key, max_retries=0, http_client=http) as client,
    ):
        frame = ("first.png", picture((1280, 720)), "image/png")
        done = await client.videos.create_and_poll(
            prompt=PROMPT, seconds="4", size="1280x720", input_reference=frame, poll_interval_ms=20
        )
        failed = await client.videos.create_and_poll(prompt=PROMPT, poll_interval_ms=20)
        await client.videos.list(limit=1, order="asc")
        await client.videos.download_content(done.id)
        await client.videos.download_content(done.id, variant="thumbnail")
        await client.videos.delete(failed.id)
        await client.videos.list()
        for wrong in (
            client.videos.retrieve("video_none"),
            client.videos.create(prompt=""),
            client.with_options(api_key="x").videos.list(),
        ):
            with pytest.raises(Exception, match="Error code"):
                await wrong

    assert judged.problems() == []
    assert {answer[2] for answer in judged.answers} == {200, 400, 401, 404}
    assert done.status == "completed"
    assert failed.status == "failed"


async def test_what_the_sdk_sends_is_as_the_document_says(videos: LocalVideos) -> None:
    async with AsyncOpenAI(base_url=videos.base_url, api_key=videos.key, max_retries=0) as client:
        frame = ("first.png", picture((1280, 720)), "image/png")
        await client.videos.create(prompt=PROMPT, model="sora-2", seconds="8", size="1280x720", input_reference=frame)
        await client.videos.list(limit=3, order="asc")

    problems = [
        problem for call in videos.calls for problem in judge_request(call.method, call.path, call.headers, call.body)
    ]
    assert problems == []
    assert len(videos.calls) == 2


async def test_an_order_in_json_with_a_picture_object_is_taken_too(videos: LocalVideos) -> None:
    frame = picture((1280, 720))
    url = "data:image/png;base64," + base64.b64encode(frame).decode()
    order = {"prompt": PROMPT, "seconds": "4", "size": "1280x720", "input_reference": {"image_url": url}}
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {videos.key}"}) as http:
        answer = await http.post(f"{videos.base_url}/videos", json=order)
        elsewhere = await http.post(
            f"{videos.base_url}/videos", json={**order, "input_reference": {"image_url": "https://example.com/a.png"}}
        )
        unknown = await http.post(f"{videos.base_url}/videos", json={**order, "input_reference": {"file_id": "file-1"}})

    assert (answer.status_code, elsewhere.status_code, unknown.status_code) == (200, 400, 400)
    assert [job.asked.picture for job in videos.accepted] == [frame]
    (call, *_) = videos.calls
    assert judge_request(call.method, call.path, call.headers, call.body) == []


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "words"),
    [
        ("POST", "/v1/videos", JSON, b'{"prompt": "x", "seconds": 8}', "seconds: 8 is not one of"),
        ("POST", "/v1/videos", JSON, b'{"prompt": "x", "size": "1x1"}', "size: '1x1' is not one of"),
        ("POST", "/v1/videos", JSON, b'{"prompt": "x", "seed": 1}', "does not name 'seed'"),
        ("POST", "/v1/videos", JSON, b'{"model": "sora-2"}', "'prompt' is a required property"),
        ("POST", "/v1/videos", {"Content-Type": "application/json"}, b'{"prompt": "x"}', "not a Bearer key"),
        ("POST", "/v1/videos", {**KEY, "Content-Type": "text/plain"}, b"x", "content type 'text/plain'"),
        ("PUT", "/v1/videos", KEY, b"", "no such method"),
        ("GET", "/v1/videos/a/b/c", KEY, b"", "no such path"),
        ("GET", "/v1/videos?limit=101", KEY, b"", "101 is greater than the maximum"),
        ("GET", "/v1/videos?page=2", KEY, b"", "query parameter 'page'"),
        ("GET", "/v1/videos/video_1/content?variant=video_2", KEY, b"", "'video_2' is not one of"),
    ],
)
def test_the_judge_finds_what_is_wrong(
    method: str, path: str, headers: dict[str, str], body: bytes, words: str
) -> None:
    problems = judge_request(method, path, headers, body)
    assert words in " | ".join(problems)


def test_the_judge_reads_multipart_bytes_as_they_are() -> None:
    frame = bytes(range(256)) + b"\r\n--x\r\n\n\r"
    request = httpx.Request(
        "POST",
        "http://x/v1/videos",
        data={"prompt": "Grüße 🐕", "seconds": "5"},
        files={"input_reference": ("a", frame)},
    )
    body = request.read()
    assert judge_request("POST", str(request.url), {**KEY, **request.headers}, body) == [
        "seconds: '5' is not one of ['4', '8', '12']"
    ]


def test_the_judge_finds_wrong_answers() -> None:
    json_type = {"content-type": "application/json"}
    assert judge_response("GET", "/v1/videos/v", 200, json_type, b'{"id": "v"}')
    assert judge_response("GET", "/v1/videos/v", 404, json_type, b'{"detail": "no"}')
    assert judge_response("GET", "/v1/videos/v/content", 200, {"content-type": "text/html"}, b"<p>")
    assert judge_response("DELETE", "/v1/videos/v", 204, json_type, b"")
