"""How long renders took, read from the attempts' rows: what counts, in which order, and how it is found."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.jobs.attempt import AttemptState
from bot.store.engine import Store, opened_store
from bot.store.history import StoredHistory
from bot.store.tables.jobs import AttemptRow, JobRow, WebhookEventRow

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with opened_store(f"sqlite:///{tmp_path}/sora.sqlite") as opened:
        await opened.write(lambda session: session.add(_job()))
        yield opened


async def test_the_latest_ends_come_first_with_the_time_they_took(store: Store) -> None:
    await store.write(lambda session: [_attempt(session, n, took_s=100 + n) for n in range(5)])
    ends = await StoredHistory(store).recent_ends("fal", "wave", limit=3)
    assert [each.took_s for each in ends] == [104, 103, 102]
    assert ends[0].ended_at > ends[1].ended_at


async def test_only_renders_that_ended_by_themselves_count(store: Store) -> None:
    def write(session: Session) -> None:
        _attempt(session, 1, took_s=60)
        _attempt(session, 2, took_s=61, state=AttemptState.FAILED, error_kind="moderation")
        _attempt(session, 3, took_s=62, state=AttemptState.FAILED, error_kind="timeout")
        _attempt(session, 4, took_s=63, state=AttemptState.FAILED, error_kind="not_found")
        _attempt(session, 5, took_s=64, state=AttemptState.CANCELLED)
        _attempt(session, 6, took_s=65, state=AttemptState.SUBMITTED)
        _attempt(session, 7, took_s=66, state=AttemptState.UNKNOWN)
        _attempt(session, 8, took_s=67, model="other")
        _attempt(session, 9, took_s=68, upstream="relay")

    await store.write(write)
    assert [each.took_s for each in await StoredHistory(store).recent_ends("fal", "wave", limit=50)] == [61, 60]


async def test_an_end_that_a_webhook_told_says_so_and_another_services_webhook_does_not_count(store: Store) -> None:
    def write(session: Session) -> None:
        _attempt(session, 1, took_s=60)
        _attempt(session, 2, took_s=60)
        for upstream, render_id in (("fal", "r1"), ("relay", "r2")):
            session.add(WebhookEventRow(upstream=upstream, event_id=render_id, render_id=render_id, came_at=NOON))

    await store.write(write)
    assert [each.announced for each in await StoredHistory(store).recent_ends("fal", "wave", limit=9)] == [False, True]


async def test_the_query_walks_an_index_instead_of_sorting_every_attempt_there_ever_was(store: Store) -> None:
    said: list[str] = []

    @sa.event.listens_for(store.engine, "before_cursor_execute")
    def _keep(_connection: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        if "attempt" in statement and statement.startswith("SELECT"):
            said.append(statement)
            bound.append(parameters)

    bound: list[object] = []
    await StoredHistory(store).recent_ends("fal", "wave", limit=200)
    with store.engine.connect() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {said[0]}", bound[0]).fetchall()  # type: ignore[arg-type]
    words = " ".join(str(row[3]) for row in plan)
    assert "attempt_by_end" in words
    assert "TEMP B-TREE" not in words


def _job() -> JobRow:
    return JobRow(
        id="j", team_id="T", number=1, order_key="k", user_id="U", slack_channel_id="C", prompt="waves",
        prompt_hash="h", wanted={}, state="delivered", state_since=NOON, created_at=NOON, held_usd_micros=0,
        catalogue_version="1",
    )  # fmt: skip


def _attempt(
    session: Session, number: int, *, took_s: float, state: AttemptState = AttemptState.SUCCEEDED,
    error_kind: str = "", model: str = "wave", upstream: str = "fal",
) -> None:  # fmt: skip
    begun = NOON + timedelta(hours=number)
    session.add(
        AttemptRow(
            id=f"a{number}", job_id="j", team_id="T", number=number, upstream=upstream, model=model, wire_name="w",
            fingerprint="f", length_s=4, width_px=1280, height_px=720, usd_micros=0, state=state.value, intent_at=begun,
            deadline_at=begun, webhook_token=f"t{number}", render_id=f"r{number}", submitted_at=begun,
            ended_at=None if state is AttemptState.SUBMITTED else begun + timedelta(seconds=took_s),
            error_kind=error_kind,
        )
    )  # fmt: skip
