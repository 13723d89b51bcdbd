"""`sora-bot reconcile` beside a running bot, against the local video service's own list."""

from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
from e2e.town import a_town, on_file
from typer.testing import CliRunner

from bot.cli.app import app
from bot.cli.reconcile import looked
from bot.clock import SystemClock

DAY = timedelta(days=1)


class LaterClock(SystemClock):
    """Past the time in which a list may be behind."""

    def now(self):  # type: ignore[no-untyped-def]
        return super().now() + timedelta(minutes=3)


async def test_it_agrees_until_somebody_else_uses_the_key_or_a_video_is_gone(tmp_path: Path) -> None:
    async with a_town(tmp_path) as town:
        await town.sora("a corgi surfing at sunset")
        await town.until(lambda: len(town.films()) == 1)
        lines, agrees = await looked(town.settings, "", DAY, LaterClock())
        assert agrees, lines
        assert lines[0].startswith("✓ Local video service: lists 1 video since")
        assert "Booked here: $0.40." in lines[-1]

        headers = {"Authorization": f"Bearer {town.videos.key}"}
        order = {"model": "demo-fast", "prompt": "not ours", "seconds": "4", "size": "1280x720"}
        async with aiohttp.ClientSession(headers=headers) as http:
            async with http.post(f"{town.videos.base_url}/videos", json=order) as answer:
                assert answer.status == 200
            (ours,) = [each for each in town.videos.accepted if each.prompt != "not ours"]
            async with http.delete(f"{town.videos.base_url}/videos/{ours.id}") as answer:
                assert answer.status == 200
        lines, agrees = await looked(town.settings, "videos", DAY, LaterClock())
        assert not agrees
        assert [line for line in lines if "not ours; somebody else uses this key" in line and '"not ours"' in line]
        assert [line for line in lines if "ours, and not in the list: #1 of" in line and ours.id in line]
        assert town.ledger_is_exact()


async def test_a_service_without_a_list_is_said_to_have_none(tmp_path: Path) -> None:
    async with a_town(tmp_path, SORA_VIDEOS_VARIANT="relay") as town:
        lines, agrees = await looked(town.settings, "", DAY, SystemClock())
        assert (agrees, lines[0].startswith("- Local video service: has no list to compare with.")) == (True, True)


@pytest.mark.own_database
def test_wrong_usage_is_said_in_words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SORA_DATABASE_URL", on_file(tmp_path)["SORA_DATABASE_URL"])
    when = CliRunner().invoke(app, ["reconcile", "--since", "long ago"])
    assert (when.exit_code, 'such as "24h", "7d" or "4w"' in when.output) == (2, True)
    what = CliRunner().invoke(app, ["reconcile", "kling"])
    assert (what.exit_code, 'No service "kling" is configured here; there is preview.' in what.output) == (2, True)
    where = CliRunner().invoke(app, ["reconcile"])
    assert (where.exit_code, "There is no database at" in where.output) == (2, True)
