"""`sora-bot provider record`: one video with a configured account, its price asked first, kept as a test.

Every file of tests/exchanges/recorded is replayed here. None is in the project until somebody paid for one; what the
command writes is replayed all the same, recorded from the local services over real HTTP.
"""

import asyncio
import json
from pathlib import Path

import pytest
from click.testing import Result
from raw_service import Told, raw_service
from recorded import FOLDER, replay_recorded
from typer.testing import CliRunner

from bot.cli.app import app
from bot.cli.takes import PROMPT
from bot.clock import SystemClock
from bot.demo.fal.service import running_fal
from bot.demo.videos import LocalVideos, Switch
from bot.providers.overhearing import Heard
from bot.providers.recording import Redactor

FILM = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + bytes(4000)
KEY = "sk-recorded-0123456789abcdef"


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda path: path.stem)
async def test_a_recorded_exchange_goes_as_recorded(path: Path) -> None:
    await replay_recorded(path)


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "film.mp4").write_bytes(FILM)
    return tmp_path


async def said(monkeypatch: pytest.MonkeyPatch, *arguments: str, told: str = "", **settings: str) -> Result:
    """What the command says, in a thread of its own, for it brings its own loop."""
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    return await asyncio.to_thread(CliRunner().invoke, app, ["provider", *arguments], input=told)


def videos_settings(videos: LocalVideos) -> dict[str, str]:
    return {
        "SORA_VIDEOS_URL": videos.base_url,
        "SORA_VIDEOS_KEY": videos.key,
        "SORA_VIDEOS_VARIANT": videos.variant,
        "SORA_VIDEOS_MODELS": "wave=0.10/s, tide=0.30/s best",
    }


@pytest.mark.parametrize("variant", ["openai", "relay", "vllm_omni", "sglang", "litellm"])
async def test_one_video_is_recorded_and_replayed(alone: Path, monkeypatch: pytest.MonkeyPatch, variant: str) -> None:
    async with LocalVideos.running(
        clock=SystemClock(), directory=alone / "films", film=alone / "film.mp4", variant=variant, key=KEY,
        render_s=0.2, poll_after_ms=50,
    ) as videos:  # fmt: skip
        asked = await said(monkeypatch, "record", "videos", told="n\n", **videos_settings(videos))
        assert (asked.exit_code, len(videos.jobs)) == (1, 0)
        assert "It costs $0.40" in asked.output
        assert PROMPT in asked.output
        made = await said(monkeypatch, "record", "videos", "--yes", "--film", "kept.mp4")
        assert made.exit_code == 0, made.output
        assert len(videos.jobs) == 1
    assert (alone / "kept.mp4").read_bytes() == FILM
    files = sorted((alone / "tests/exchanges/recorded").glob("*.json"))
    names = {each.stem.removeprefix(f"openai_videos_{variant}_") for each in files}
    assert {"submit", "poll_succeeded", "download"} <= names
    for file in files:
        text = file.read_text()
        assert KEY not in text
        assert "127.0.0.1" not in text
        await replay_recorded(file)


async def test_a_service_with_several_addresses_is_recorded_too(alone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with running_fal(key="id-of-key:secret-0123456789", clock=SystemClock(), film=FILM) as fal:
        fal_settings = {"FAL_KEY": fal.key, "SORA_FAL_URL": fal.base_url}
        made = await said(monkeypatch, "record", "fal", "--model", "seedance", "--yes", **fal_settings)
        assert made.exit_code == 0, made.output
    files = list((alone / "tests/exchanges/recorded").glob("fal_*.json"))
    assert files
    for file in files:
        assert "0123456789" not in file.read_text()
        await replay_recorded(file)


async def test_a_refusal_is_kept_and_said(alone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with LocalVideos.running(
        clock=SystemClock(), directory=alone / "films", film=alone / "film.mp4", variant="relay", key=KEY, render_s=0.1
    ) as videos:
        await videos.switch(Switch.REFUSE)
        made = await said(monkeypatch, "record", "videos", "--yes", **videos_settings(videos))
    failed = list((alone / "tests/exchanges/recorded").glob("*poll_failed.json"))
    assert len(failed) == 1, made.output
    assert json.loads(failed[0].read_text())["expect"]["failure"] == "moderation"
    await replay_recorded(failed[0])


async def test_a_lost_answer_says_that_it_may_be_paid(alone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with raw_service(Told(wire="drops")) as service:
        settings = {"SORA_VIDEOS_URL": service.base, "SORA_VIDEOS_MODELS": "wave=0.10/s"}
        made = await said(monkeypatch, "record", "videos", "--yes", **settings)
        assert len(service.asked) == 1
    assert made.exit_code == 1
    assert "may have been accepted and paid" in made.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nobody",), 'There is no service "nobody" here. Configured: videos.'),
        (("videos", "--model", "none"), 'has no model "none" that makes a video from text. It has wave.'),
    ],
)
async def test_what_cannot_be_recorded_is_said(
    alone: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], words: str
) -> None:
    settings = {"SORA_VIDEOS_URL": "http://127.0.0.1:9", "SORA_VIDEOS_MODELS": "wave=0.10/s"}
    made = await said(monkeypatch, "record", *arguments, **settings)
    assert made.exit_code == 1
    assert words in made.output


async def test_the_preview_is_no_service_to_record(alone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = await said(monkeypatch, "record", "preview", "--yes")
    assert (made.exit_code, "nothing that could be recorded" in made.output) == (1, True)


async def test_the_configured_services_are_listed(alone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = await said(monkeypatch, "list", FAL_KEY="id:secret")
    assert listed.exit_code == 0
    assert "fal  fal  relay  h3-max, seedance-2.0" in listed.output


def test_nothing_that_is_anybodys_stays_in_an_answer() -> None:
    redactor = Redactor("https://api.acme.example/v1", lambda text: text.replace(KEY, "[secret]"))
    body = {
        "id": "r-1",
        "user_id": "u-77",
        "account": {"email": "ann@acme.example", "organization": "Acme"},
        "user": 123456,
        "api_key": "k",
        "note": f"made with {KEY}",
        "usage": {"completion_tokens": 1200},
        "status_url": "https://api.acme.example/v1/r-1/status?token=abc",
        "files": ["https://cdn.example/a/b.mp4?sig=1", "https://cdn.example/a/b.mp4?sig=1", "https://cdn.example/c"],
    }
    heard = Heard(
        method="GET", url="https://api.acme.example/v1/r-1", sent=b"", sent_type="", status=200,
        headers=(("Set-Cookie", "s=1"), ("Retry-After", "3")), body=json.dumps(body).encode(),
    )  # fmt: skip
    assert redactor.answer(heard) == {
        "status": 200,
        "headers": {"Retry-After": "3"},
        "body": {
            "id": "r-1",
            "user_id": "[private]",
            "account": {"email": "[private]", "organization": "[private]"},
            "user": "[private]",
            "api_key": "[private]",
            "note": "made with [secret]",
            "usage": {"completion_tokens": 1200},
            "status_url": "{base}/v1/r-1/status",
            "files": ["{base}/elsewhere/1.mp4", "{base}/elsewhere/1.mp4", "{base}/elsewhere/2"],
        },
    }
