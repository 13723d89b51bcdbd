"""`sora-bot catalogue`: what is offered, and what about it needs a person."""

import asyncio
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from bot.cli.app import app
from bot.cli.catalogue import lengths_words
from bot.clock import SystemClock
from bot.config import Settings
from bot.demo.videos import LocalVideos


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for field in Settings.model_fields.values():
        if field.alias:
            monkeypatch.delenv(field.alias, raising=False)


def said(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["catalogue", *arguments])


def test_what_is_offered_is_shown_with_its_price_and_who_receives_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAL_KEY", "id:secret")
    shown = said("show")
    assert shown.exit_code == 0, shown.output
    (line,) = [each for each in shown.output.splitlines() if " seedance-2.0 " in each]
    assert "720p $0.3034/s, 1080p $0.682/s" in line
    assert "fal and ByteDance" in line
    assert "runway" not in shown.output
    assert "secret" not in shown.output


def test_no_slack_token_and_no_key_are_needed() -> None:
    assert "preview" in said("show").output
    assert said("show", "--all").output.count("\n") > 50


def test_what_is_the_operators_is_marked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAL_KEY", "id:secret")
    (tmp_path / "sora.toml").write_text(
        '[models."seedance-2.0"]\nservice = "fal"\nprice = { 720p = "0.25/s" }\ntypical_s = 90\n'
        '[models.mine]\nservice = "fal"\nlike = "h3-max"\nprice = { 720p = "0.01/s", 480p = "0.01/s" }\n'
    )
    shown = said("show").output
    assert "yours: price, typical_s" in shown
    assert "yours (sora.toml)" in shown
    assert "720p $0.25/s" in shown
    assert said("check").exit_code == 0


def test_all_well_is_exit_code_0_and_old_facts_are_1(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XAI_API_KEY", "xai-1")
    well = said("check", "--days", "9999")
    assert (well.exit_code, "All well: 3 models" in well.output) == (0, True)


def test_every_mistake_of_the_tables_is_said_and_needs_a_person(tmp_path: Path) -> None:
    (tmp_path / "sora.toml").write_text('[models.x]\nservice = "fal"\n[models.y]\nservice = "nobody"\n')
    checked = said("check")
    assert checked.exit_code == 1
    assert 'sora.toml: [models."x"]: ' in checked.output
    assert "it has no price, so it cannot be used; give it one" in checked.output
    assert 'there is no service "nobody" here' in checked.output
    assert "Who runs the bot corrects sora.toml" in checked.output


def test_an_end_that_comes_is_1_and_says_what_takes_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAL_KEY", "id:secret")
    soon = SystemClock().now().date()
    (tmp_path / "sora.toml").write_text(
        f'[models."seedance-2.0"]\nservice = "fal"\nretires_at = {soon}T23:59:59+00:00\n'
    )
    checked = said("check", "--days", "9999")
    assert checked.exit_code == 1, checked.output
    assert "✗ fal, seedance-2.0: ends in less than a day" in checked.output
    assert "Seedance 2.5 at fal" in checked.output


async def test_the_services_own_list_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with LocalVideos.running(
        clock=SystemClock(), directory=tmp_path / "films", variant="relay", models=("wave-video", "dune-video")
    ) as videos:
        monkeypatch.setenv("SORA_VIDEOS_URL", videos.base_url)
        monkeypatch.setenv("SORA_VIDEOS_KEY", videos.key)
        monkeypatch.setenv("SORA_VIDEOS_MODELS", "wave-video=free, gone-video=free")
        checked = await asyncio.to_thread(said, "check", "--live", "--days", "9999")
        assert checked.exit_code == 1, checked.output
        assert "✗ videos, gone-video: is not in the service's own list any more (gone-video)" in checked.output
        assert "· videos, dune-video: is new in the service's own list" in checked.output
        monkeypatch.setenv("SORA_VIDEOS_MODELS", "other=free")
        checked = await asyncio.to_thread(said, "check", "--live", "--days", "9999")
        assert (checked.exit_code, "proves nothing about them" in checked.output) == (0, True)
        monkeypatch.setenv("SORA_VIDEOS_KEY", "sk-wrong-0123456789")
        checked = await asyncio.to_thread(said, "check", "--live", "--days", "9999")
        assert (checked.exit_code, "its list was not told" in checked.output) == (1, True)


def test_lengths_are_said_shortly() -> None:
    assert [lengths_words(each) for each in ((4, 5, 6), (4, 8), (5,), (5, 6))] == ["4-6", "4 8", "5", "5 6"]
