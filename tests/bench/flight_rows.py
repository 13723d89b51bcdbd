"""What the measured renders have behind them, and how they end: rows in the bot's database, webhooks of the service."""

import asyncio
import random
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlmodel import col

from bot.clock import SystemClock
from bot.demo.videos import LocalVideos
from bot.demo.videos.job import JobStatus
from bot.jobs.attempt import AttemptState
from bot.jobs.model import JobState
from bot.store.engine import Store
from bot.store.tables.jobs import AttemptRow, JobRow, WebhookEventRow
from tests.bench.flight_child import MODEL, SERVICE

WAKE_EVERY_S = 0.05
TAKES_S = 600.0


async def end_some(videos: LocalVideos, film: Path, count: int) -> dict[str, float]:
    """Renders end, twenty a second, and the service tells so: when each webhook was sent."""
    told: dict[str, float] = {}
    open_jobs = [each for each in videos.jobs if not each.status.ended]
    chosen = random.Random(2).sample(open_jobs, count)
    async with asyncio.TaskGroup() as tasks:
        for job in chosen:
            job.file, job.status, job.progress = film, JobStatus.COMPLETED, 100
            job.completed_at = SystemClock().now()
            job.expires_at = job.completed_at + timedelta(hours=1)
            told[job.id] = time.time()
            tasks.create_task(videos.webhooks.send(job.id))
            await asyncio.sleep(WAKE_EVERY_S)
    return told


async def noticed(store: Store, told: dict[str, float]) -> tuple[float, ...]:
    wanted = sa.select(col(AttemptRow.render_id), col(AttemptRow.ended_at)).where(
        col(AttemptRow.state) == AttemptState.SUCCEEDED.value, col(AttemptRow.ended_at).is_not(None)
    )
    rows = await store.read(lambda session: {row[0]: row[1] for row in session.execute(wanted)})
    missing = [each for each in told if rows.get(each) is None]
    if missing:
        raise RuntimeError(f"{len(missing)} ends were not noticed")
    return tuple(rows[each].timestamp() - at for each, at in told.items())


def trusted(session: Any) -> None:
    """Two hundred earlier renders of about ten minutes, each told of by a webhook."""
    now, rng = SystemClock().now(), random.Random(3)
    session.add(
        JobRow(
            id="earlier", team_id="T", number=10**6, order_key="earlier", user_id="U", slack_channel_id="C", prompt="-",
            prompt_hash="-", wanted={}, state=JobState.DELIVERED.value, state_since=now, created_at=now,
            held_usd_micros=0, catalogue_version="bench",
        )
    )  # fmt: skip
    session.flush()
    for number in range(200):
        begun = now - timedelta(hours=1, minutes=number)
        ended = begun + timedelta(seconds=TAKES_S * rng.lognormvariate(0, 0.2))
        name = f"earlier{number}"
        session.add(
            AttemptRow(
                id=name, job_id="earlier", team_id="T", number=number, upstream=SERVICE, model=MODEL,
                wire_name=MODEL, fingerprint="-", length_s=4, width_px=1280, height_px=720, usd_micros=0,
                state=AttemptState.SUCCEEDED.value, intent_at=begun, deadline_at=begun, webhook_token=name,
                render_id=name, submitted_at=begun, ended_at=ended,
            )
        )  # fmt: skip
        session.add(WebhookEventRow(upstream=SERVICE, event_id=name, render_id=name, came_at=ended))


def untrusted(session: Any) -> None:
    """No webhook has ever come, and the renders in flight are of every age."""
    session.execute(sa.delete(WebhookEventRow))
    now, rng = SystemClock().now(), random.Random(4)
    rows = session.scalars(sa.select(AttemptRow).where(col(AttemptRow.state) == AttemptState.SUBMITTED.value))
    for row in rows:
        row.submitted_at = now - timedelta(seconds=rng.uniform(0, TAKES_S))
