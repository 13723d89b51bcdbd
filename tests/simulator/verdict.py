"""The invariants that can only be judged when a history is over and nothing is on its way any more."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlmodel import col

from bot.jobs.model import ENDED, JobState
from bot.slack.ports import CardState, DeliveryState
from bot.store.ledger import recompute
from bot.store.tables.jobs import JobRow
from bot.store.tables.quota import LedgerEntryRow
from bot.store.tables.slack import CardRow, DeliveryRow
from tests.simulator.judge import Rule
from tests.simulator.process import TEAM

if TYPE_CHECKING:
    from tests.simulator.world import World

SPENT = ("capture", "possibly_paid")


def final_verdict(world: World) -> None:
    """Tell the world's judge of everything that is wrong at the end."""
    jobs = world.ground.look(lambda session: {row.id: row for row in session.scalars(sa.select(JobRow))})
    ledger = world.ground.look(_ledger)
    for job_id, row in jobs.items():
        if JobState(row.state) not in ENDED:
            world.judge.against(Rule.ALL_ENDED, job_id, f"still {row.state}")
        _holds(world, row, ledger[job_id])
        _bills(world, row, ledger[job_id])
    _surface(world, jobs)
    if world.judge.is_fleet:
        world.judge.notices.ended()
    for each in world.ground.look(lambda session: recompute(session, TEAM)):
        world.judge.against(Rule.LEDGER_EXACT, "-", f"{each.key}: {each.stored} is not {each.recomputed}")


def _ledger(session: Session) -> dict[str, list[LedgerEntryRow]]:
    found: dict[str, list[LedgerEntryRow]] = defaultdict(list)
    for row in session.scalars(sa.select(LedgerEntryRow)):
        found[row.job_id].append(row)
    return found


def _holds(world: World, job: JobRow, entries: list[LedgerEntryRow]) -> None:
    closing = [each for each in entries if each.closed_usd_micros is not None]
    if len(closing) != 1:
        words = f"{len(closing)} entries close the hold of a job that is {job.state}"
        world.judge.against(Rule.HOLDS_END, job.id, words)
    spent = sum(each.usd_micros for each in entries if each.kind in SPENT)
    if spent != job.paid_usd_micros:
        words = f"the job says {job.paid_usd_micros} paid, the ledger {spent}"
        world.judge.against(Rule.LEDGER_EXACT, job.id, words)


def _bills(world: World, job: JobRow, entries: list[LedgerEntryRow]) -> None:
    """Both ways: what was charged is booked, and what is booked as paid was charged."""
    booked: dict[str, int] = defaultdict(int)
    possibly = {each.attempt_id for each in entries if each.kind == "possibly_paid"}
    for each in entries:
        if each.kind in SPENT:
            booked[str(each.attempt_id)] += each.usd_micros
    for service, render in world.judge.renders.get(job.id, ()):
        charged, ours = service.charged_usd_micros(render), booked.pop(render.key, 0)
        agreed = render.key in world.judge.agreed
        if charged != ours and not (agreed and not ours) and not (render.key in possibly and not charged):
            words = f"{service.name} charged {charged} for {render.id} (try {render.key}), booked are {ours}"
            world.judge.against(Rule.BILLS, job.id, words)
    for attempt_id, ours in booked.items():
        if attempt_id not in possibly:
            world.judge.against(Rule.BILLS, job.id, f"{ours} booked for try {attempt_id}, which nobody accepted")


def _surface(world: World, jobs: dict[str, JobRow]) -> None:
    cards = world.ground.look(lambda session: list(session.scalars(sa.select(CardRow))))
    by_job = {card.job_id: card for card in cards}
    arrived = world.ground.look(_arrived)
    for job_id, job in jobs.items():
        card, messages = by_job.get(job_id), world.judge.cards.get(job_id, [])
        if job.removed_at is not None:
            continue
        message = world.slack.messages.get((card.slack_channel_id, str(card.ts))) if card else None
        shown = message is not None and not message.deleted and message.text.split()[2] == job.state
        if card is not None and card.state == CardState.POSTED.value and message and not message.deleted and not shown:
            world.judge.against(Rule.CARD_RIGHT, job_id, f"{message.text!r} stands there, the job is {job.state}")
        if job.state == JobState.DELIVERED.value and not (
            job_id in arrived or any(each.is_seen for each in world.judge.files.get(job_id, ()))
        ):
            world.judge.against(Rule.DELIVERED, job_id, "delivered, and no file is there")
        if job.state in {JobState.FAILED.value, JobState.UNCONFIRMED.value}:
            told = any(f"#{job.number} " in each.text or f"#{job.number}:" in each.text for each in world.told_people)
            # Of a card whose answer was lost the bot does not know; people read it all the same.
            read = any(not each.deleted and each.text.split()[2] == job.state for each in messages)
            if not (told or shown or read):
                words = f"{job.state} ({job.failure}); {len(messages)} cards, and no word to its person"
                world.judge.against(Rule.TOLD, job_id, words)


def _arrived(session: Session) -> set[str]:
    """Jobs whose file somebody took away again after it was shared, or that Slack shows late."""
    done = (DeliveryState.SHARED.value, DeliveryState.UNCONFIRMED.value)
    return set(session.scalars(sa.select(col(DeliveryRow.job_id)).where(col(DeliveryRow.state).in_(done))))
