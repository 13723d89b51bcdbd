"""`sora-bot export health`: what other programs get, beside a running bot."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from bot.cli.app import app
from bot.store.engine import opened_store
from bot.store.upstreams import StoredHealths

NOW = datetime.now(UTC)


async def filled(url: str) -> None:
    async with opened_store(url) as store:
        healths = StoredHealths(store)
        at = NOW - timedelta(minutes=30)
        await healths.observe("fal", error_kind=None, now=at, model="wan")
        await healths.observe("fal", error_kind="quota", now=at, model="wan")
        await healths.looked("kling", error_kind=None, response_ms=120, has_passed=False, now=NOW - timedelta(days=9))


def run(url: str, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Result:
    monkeypatch.setenv("SORA_DATABASE_URL", url)
    return CliRunner().invoke(app, ["export", "health", *arguments])


async def test_the_document_has_uptime_incidents_and_each_observation(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await filled(database_url)
    found = run(database_url, monkeypatch)
    assert found.exit_code == 0, found.output
    document = json.loads(found.stdout)
    fal, kling = document["services"]
    assert (fal["service"], fal["state"], kling["service"], kling["state"]) == ("fal", "suspended", "kling", "unknown")
    assert fal["uptime"]["1 h"] == pytest.approx(0.0, abs=0.01)
    assert kling["uptime"] == {"1 h": 1.0, "24 h": 1.0, "30 d": 1.0, "90 d": 1.0}
    assert [(each["state"], each["cause"], each["ended_at"]) for each in fal["incidents"]] == [
        ("suspended", "quota", None)
    ]
    assert [(each["source"], each["status"], each["error_kind"]) for each in document["checks"]] == [
        ("render", "ok", ""),
        ("render", "failed", "quota"),
        ("circuit", "out", "quota"),
    ]


async def test_the_table_goes_to_a_file_and_as_far_back_as_asked(
    database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    await filled(database_url)
    file = tmp_path / "health.csv"
    found = run(database_url, monkeypatch, "--format", "csv", "--since", "2w", "--out", str(file))
    assert (found.exit_code, found.stdout) == (0, "")
    first, *rest = list(csv.DictReader(io.StringIO(file.read_text())))
    assert (first["upstream"], first["source"], first["response_ms"], first["status"]) == (
        "kling",
        "check",
        "120",
        "ok",
    )
    assert len(rest) == 3
    assert first["at"].endswith("+00:00")


def test_what_cannot_be_read_is_said_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = run(f"sqlite:///{tmp_path}/none.sqlite", monkeypatch)
    assert nothing.exit_code == 2
    assert "There is no database" in nothing.output
    asked = run(f"sqlite:///{tmp_path}/none.sqlite", monkeypatch, "--since", "yesterday")
    assert asked.exit_code == 2
    assert "7d" in asked.output
