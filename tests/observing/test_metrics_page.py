"""What Prometheus reads from a real bot, judged by Prometheus' own parser, and who may read it."""

import asyncio
import re
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import aiohttp
import databases
import pytest
import yaml
from e2e.town import Town, a_town, on_file
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr
from virtual_clock import VirtualClock

import bot.observing
from bot.config import SettingsError, load
from bot.config.written import METRICS_TOKEN_LENGTH_MIN
from bot.demo.slack import Refuse
from bot.demo.videos.faults import Status
from bot.jobs.model import Failure, JobState
from bot.observing.exposition import FRESH_S, Exposition
from bot.observing.meters import Meters
from bot.store.figures import Figures

TOKEN = "0123456789abcdef0123456789abcdef01234567"
README = Path(bot.observing.__file__).with_name("README.md")
OF_A_PROCESS = "process_"

Page = dict[str, dict[tuple[tuple[str, str], ...], float]]


async def page_of(town: Town, token: str = TOKEN) -> tuple[int, str]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    url = f"http://127.0.0.1:{town.bot.port}/metrics"
    async with aiohttp.ClientSession() as http, http.get(url, headers=headers) as answer:
        return answer.status, await answer.text()


def read(text: str) -> Page:
    """Samples by name and labels; the parser raises on anything that Prometheus would not take."""
    page: Page = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            page.setdefault(sample.name, {})[tuple(sorted(sample.labels.items()))] = sample.value
    return page


def value(page: Page, name: str, **labels: str) -> float:
    return page.get(name, {}).get(tuple(sorted(labels.items())), 0.0)


@pytest.fixture
def metrics() -> dict[str, SecretStr]:
    return {"SORA_METRICS_TOKEN": SecretStr(TOKEN)}


async def test_one_video_is_counted_once_everywhere(tmp_path: Path, metrics: dict[str, SecretStr]) -> None:
    async with a_town(tmp_path, **metrics) as town:
        await town.sora("a corgi surfing at sunset --4s")
        await town.until(lambda: any("Done" in each.text for each in town.cards()))
        _, text = await page_of(town)
    page = read(text)
    tried = {"service": "videos", "model": "demo-fast"}
    assert value(page, "sora_jobs_accepted_total") == 1
    assert value(page, "sora_jobs_ended_total", state="delivered", failure="") == 1
    assert value(page, "sora_attempts_ended_total", outcome="succeeded", **tried) == 1
    assert value(page, "sora_spent_usd_micros_total", service="videos", booked="captured") == 400_000
    assert value(page, "sora_render_seconds_count", **tried) == 1
    assert value(page, "sora_service_calls_total", service="videos", call="submit", result="ok") == 1
    assert value(page, "sora_service_calls_total", service="videos", call="poll", result="ok") >= 1
    assert value(page, "sora_service_calls_total", service="videos", call="download", result="ok") == 1
    assert value(page, "sora_delivery_seconds_count") == value(page, "sora_job_seconds_count") == 1
    assert value(page, "sora_job_seconds_sum") > value(page, "sora_delivery_seconds_sum") > 0
    assert value(page, "sora_ack_seconds_count", kind="command") == 1
    assert value(page, "sora_circuit_state", service="videos", state="closed") == 1
    assert value(page, "sora_spool_bytes") > 1000
    assert value(page, "sora_database_up") == value(page, "sora_ready", part="slack") == 1
    assert page.get("sora_jobs", {}) == {}
    ((build, one),) = page["sora_build_info"].items()
    assert (dict(build)["database"], one) == (
        "postgresql" if databases.chosen() is databases.Kind.POSTGRES else "sqlite",
        1,
    )


async def test_a_render_is_watched_until_its_end_was_seen(tmp_path: Path, metrics: dict[str, SecretStr]) -> None:
    async with a_town(tmp_path, **metrics) as town:

        async def watched() -> float:
            return read((await page_of(town))[1])["sora_renders_watched"][()]

        assert await watched() == 0
        await town.videos.switch("stuck")
        await town.sora("a corgi surfing at sunset --4s")
        await town.until(lambda: len(town.videos.accepted) == 1)
        async with asyncio.timeout(10):
            while await watched() != 1:
                await asyncio.sleep(0.01)
        await town.videos.switch("normal")
        await town.until(lambda: any("Done" in each.text for each in town.cards()))
        assert await watched() == 0


async def test_what_goes_wrong_is_counted_by_kind(tmp_path: Path, metrics: dict[str, SecretStr]) -> None:
    async with a_town(tmp_path, **metrics) as town:
        refusal = {"error": {"message": "This prompt violates the policy.", "code": "moderation_blocked"}}
        town.videos.faults.add("create", Status(code=400, body=refusal), times=1)
        await town.sora("something that a service refuses")
        await town.until(lambda: any("Reference" in each.text for each in town.posts()))
        town.slack.faults.add("views.open", Refuse("some_new_code"), times=1)
        await town.sora("")
        await town.until(lambda: any("Reference" in each.text for each in town.private()))
        _, text = await page_of(town)
    page = read(text)
    tried = {"service": "videos", "model": "demo-fast"}
    assert value(page, "sora_attempts_ended_total", outcome="moderation", **tried) == 1
    assert value(page, "sora_service_calls_total", service="videos", call="submit", result="moderation") == 1
    assert value(page, "sora_jobs_ended_total", state="failed", failure="refused") == 1
    assert value(page, "sora_unexpected_errors_total", where="listener") == 1
    assert "sora_spent_usd_micros_total" not in page
    assert "sora_render_seconds_count" not in page


async def test_a_submit_in_doubt_shows_as_checking_with_its_age(tmp_path: Path, metrics: dict[str, SecretStr]) -> None:
    async with a_town(tmp_path, variant="relay", **metrics) as town:
        town.videos.faults.add("create", Status(code=502, body={"error": "bad gateway"}), times=1)
        await town.sora("a video that may or may not be made")
        await town.until(lambda: any("checking" in each.text.lower() for each in town.cards()))
        await asyncio.sleep(0.05)
        page = read((await page_of(town))[1])
        assert value(page, "sora_jobs", state="checking", service="videos") == 1
        assert 0.05 <= value(page, "sora_oldest_job_age_seconds", state="checking") < 20
        assert value(page, "sora_service_calls_total", service="videos", call="submit", result="outcome_unknown") == 1


async def test_without_the_token_there_is_nothing_to_read(tmp_path: Path, metrics: dict[str, SecretStr]) -> None:
    async with a_town(tmp_path, **metrics) as town:
        for wrong in ("", "wrong", TOKEN[:-1], TOKEN + "x"):
            status, text = await page_of(town, wrong)
            assert (status, text) == (401, "")
        assert (await page_of(town))[0] == 200


async def test_where_no_token_is_set_there_is_no_such_page(tmp_path: Path) -> None:
    async with a_town(tmp_path) as town:
        assert (await page_of(town))[0] == 404
        assert (await page_of(town, ""))[0] == 404


def test_a_token_that_can_be_guessed_is_refused_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    short = "s" * (METRICS_TOKEN_LENGTH_MIN - 1)
    with pytest.raises(SettingsError) as refused:
        load(SLACK_BOT_TOKEN="xoxb-1", SLACK_APP_TOKEN="xapp-1", SORA_METRICS_TOKEN=short)
    (problem,) = refused.value.problems
    assert problem.startswith("SORA_METRICS_TOKEN: must have 16 characters or more")
    assert short not in problem


@pytest.mark.own_database
async def test_the_page_stands_while_the_database_does_not(tmp_path: Path, metrics: dict[str, SecretStr]) -> None:
    async with a_town(tmp_path, **metrics, **on_file(tmp_path)) as town:
        with sqlite3.connect(tmp_path / "sora.sqlite") as database:
            database.execute("ALTER TABLE circuit RENAME TO elsewhere")
        status, text = await page_of(town)
        with sqlite3.connect(tmp_path / "sora.sqlite") as database:
            database.execute("ALTER TABLE elsewhere RENAME TO circuit")
    page = read(text)
    assert (status, value(page, "sora_database_up")) == (200, 0)
    assert "sora_jobs" not in page
    assert "sora_build_info" in page


async def test_every_metric_is_in_the_readmes_table_and_nothing_else_is(
    tmp_path: Path, metrics: dict[str, SecretStr]
) -> None:
    async with a_town(tmp_path, **metrics) as town:
        _, text = await page_of(town)
    served = {each.name for each in text_string_to_metric_families(text) if not each.name.startswith(OF_A_PROCESS)}
    served |= {each + "_total" for each in served if f"{each}_total" in text or f"# TYPE {each}_total" in text}
    named = set(re.findall(r"^\| `(sora_\w+)", README.read_text(), flags=re.MULTILINE))
    plain = {each.removesuffix("_total") for each in named}
    assert plain == {each.removesuffix("_total") for each in served}


async def test_labels_never_name_a_job_a_person_or_a_place(tmp_path: Path, metrics: dict[str, SecretStr]) -> None:
    async with a_town(tmp_path, **metrics) as town:
        await town.sora("a corgi surfing at sunset --4s")
        await town.until(lambda: any("Done" in each.text for each in town.cards()))
        _, text = await page_of(town)
    labels = {label for samples in read(text).values() for each in samples for label, _ in each}
    assert labels <= {
        "alarm", "booked", "call", "database", "failure", "kind", "le", "model", "outcome", "part", "result", "service",
        "state", "version", "waiting", "where",
    }  # fmt: skip
    assert town.slack.team_id not in text
    assert "U0ADA00001" not in text


async def test_a_scrape_asks_the_database_at_most_once_in_a_while(tmp_path: Path) -> None:
    clock, asked = VirtualClock(), 0

    async def figures() -> Figures:
        nonlocal asked
        asked += 1
        return Figures(jobs={("queued", ""): asked}, waiting={}, oldest_since={}, cards_behind=0, circuits={})

    async def available() -> None:
        pass

    with ThreadPoolExecutor(1) as threads:
        exposition = Exposition(
            meters=Meters(),
            figures=figures,
            availability=available,
            services=(),
            spool=tmp_path,
            threads=threads,
            clock=clock,
        )
        pages = await asyncio.gather(*(exposition.page() for _ in range(20)))
        assert (asked, {value(read(each.decode()), "sora_jobs", state="queued", service="") for each in pages}) == (
            1,
            {1},
        )
        await clock.advance(FRESH_S)
        await exposition.page()
        assert asked == 2


def test_the_alarms_of_the_readme_ask_for_what_there_is() -> None:
    readme = (Path(bot.observing.__file__).parents[2] / "README.md").read_text()
    (rules,) = [each for each in re.findall(r"```yaml\n(.*?)```", readme, flags=re.DOTALL) if "groups:" in each]
    alarms = yaml.safe_load(rules)["groups"][0]["rules"]
    asked = " ".join(each["expr"] for each in alarms)
    named = set(re.findall(r"^\| `(sora_\w+)", README.read_text(), flags=re.MULTILINE))
    assert len(alarms) == 3
    assert {re.sub("_bucket$", "", each) for each in re.findall(r"sora_\w+", asked)} <= named
    for label, known in (("state", set(JobState)), ("failure", set(Failure))):
        for values in re.findall(rf'{label}[=!]~?"([^"]*)"', asked):
            assert set(values.split("|")) <= known


async def test_an_alarm_can_divide_before_the_first_video(tmp_path: Path, metrics: dict[str, SecretStr]) -> None:
    async with a_town(tmp_path, **metrics) as town:
        page = read((await page_of(town))[1])
    assert page["sora_jobs_ended_total"] == {(("failure", ""), ("state", "delivered")): 0.0}
