"""`JobService` in memory: answers what a test tells it to, and keeps what it was asked."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from slack_values import MODELS, NOW, facts, job, offer, record, standing

from bot.catalogue.model import ModelClass
from bot.jobs.answers import (
    Accepted,
    CancelAnswer,
    CancelOutcome,
    NotPossible,
    PriceToConfirm,
    QuotaAnswer,
    RemoveAnswer,
    RemoveOutcome,
    SameAgain,
)
from bot.jobs.model import ENDED, JobState
from bot.jobs.status import ServiceStanding, StatusAnswer
from bot.jobs.wish import Choice, Complaint, Problem, Wish
from bot.media.pictures import PictureRefused, Reason

CONFIRM_ABOVE = 1_000_000


class FakeJobs:
    """Real enough for the surface: one job per order key, prices by length, limits only when told."""

    def __init__(self):
        self.records = {}
        self.keys = {}
        self.asked = []
        self.pictures = {}
        self.sent_again = []
        self.refusal = None
        """An answer to give instead of accepting."""
        self.error = None
        self.size_px = None
        """Set it, and pictures have a first frame."""
        self.held = asyncio.Event()
        self.held.set()

    async def offer(self, wish: Wish):
        named = next((each for each in MODELS if wish.model in {each.name, each.label}), None)
        complaints = []
        if wish.model is not None and named is None:
            labels = tuple(each.label for each in MODELS)
            complaints.append(Complaint(problem=Problem.MODEL_UNKNOWN, given=wish.model, allowed=labels))
        if not wish.prompt:
            complaints.append(Complaint(problem=Problem.PROMPT_EMPTY, given=""))
        lengths = named.lengths_s if named else (4, 5, 8, 10, 12)
        length = wish.length_s or (5 if 5 in lengths else lengths[0])
        if length not in lengths:
            allowed = tuple(f"{each} s" for each in lengths)
            label = named.label if named else "Auto"
            complaints.append(
                Complaint(
                    problem=Problem.LENGTH, given=f"{length} s", allowed=allowed, model_label=label, suggestion="8 s"
                )
            )
        return replace(
            offer(),
            wish=wish,
            complaints=tuple(complaints),
            model_label=named.label if named else "Auto · Fast",
            model_name=named.name if named else None,
            model_class=named.model_class if named else wish.model_class or ModelClass.FAST,
            length_s=length,
            shape=wish.shape or offer().shape,
            usd_micros=length * 100_000,
            lengths_s=lengths,
            size_px=self.size_px,
        )

    async def ask(self, wish, *, order_key, price_confirmed_usd_micros=None, again_confirmed=False):
        self.asked.append((wish, order_key, price_confirmed_usd_micros, again_confirmed))
        await self.held.wait()
        if self.error is not None:
            raise self.error
        if order_key in self.keys:
            return Accepted(job=self.keys[order_key], fresh=False, queue_place=0)
        found = await self.offer(wish)
        if found.complaints:
            return NotPossible(offer=found)
        if self.refusal is not None:
            return self.refusal
        shown = price_confirmed_usd_micros
        if found.usd_micros > (CONFIRM_ABOVE if shown is None else shown):
            return PriceToConfirm(offer=found)
        earlier = next((each.job for each in self.records.values() if each.job.order.prompt == wish.prompt), None)
        if earlier is not None and not again_confirmed:
            return SameAgain(offer=found, earlier=earlier)
        made = job(
            id=f"job{len(self.records) + 1}", number=len(self.records) + 1, wish=wish, held_usd_micros=found.usd_micros
        )
        self.keys[order_key] = made
        self.records[made.id] = record(made)
        return Accepted(job=made, fresh=True, queue_place=0)

    async def choices(self):
        return tuple(Choice(model=each, from_usd_micros=400_000) for each in MODELS)

    async def mine(self, team_id, user_id, *, limit=10):
        mine = [each for each in self.records.values() if each.job.order.user_id == user_id]
        return list(reversed(mine))[:limit]

    async def numbered(self, team_id, user_id, number):
        return next((each for each in await self.mine(team_id, user_id) if each.job.number == number), None)

    async def record(self, team_id, job_id):
        return self.records.get(job_id)

    async def cancel(self, team_id, user_id, job_id):
        found = self.records.get(job_id)
        if found is None:
            return CancelAnswer(outcome=CancelOutcome.UNKNOWN)
        if found.job.order.user_id != user_id:
            return CancelAnswer(outcome=CancelOutcome.NOT_YOURS, job=found.job)
        if found.job.state in ENDED:
            return CancelAnswer(outcome=CancelOutcome.ALREADY_ENDED, job=found.job)
        self.records[job_id] = record(replace(found.job, state=JobState.CANCELLED))
        return CancelAnswer(outcome=CancelOutcome.CANCELLED, job=found.job)

    async def remove(self, team_id, user_id, job_id):
        found = self.records.get(job_id)
        if found is None:
            return RemoveAnswer(outcome=RemoveOutcome.UNKNOWN)
        if found.job.order.user_id != user_id:
            return RemoveAnswer(outcome=RemoveOutcome.NOT_YOURS, record=found)
        if found.job.state not in ENDED:
            return RemoveAnswer(outcome=RemoveOutcome.NOT_ENDED, record=found)
        return RemoveAnswer(outcome=RemoveOutcome.REMOVED, record=found)

    async def wish_of(self, team_id, user_id, job_id):
        found = self.records.get(job_id)
        if found is None:
            return None
        order = found.job.order
        return Wish(
            team_id=team_id,
            user_id=user_id,
            place=order.place,
            prompt=order.prompt,
            model=order.model,
            model_class=order.model_class,
            length_s=order.length_s,
            shape=order.shape,
            resolution=order.resolution,
            picture_id=order.picture_id,
            parent_job_id=job_id,
        )

    async def send_again(self, team_id, user_id, job_id):
        found = self.records.get(job_id)
        self.sent_again.append(job_id)
        return found is not None and found.job.order.user_id == user_id

    keep_waiting = elsewhere = send_again

    async def keep_picture(self, content):
        if not content.startswith(b"\x89PNG"):
            raise PictureRefused(Reason.NOT_A_PICTURE, "This file is not a picture we can read.")
        picture_id = f"picture{len(self.pictures) + 1}"
        self.pictures[picture_id] = content
        return picture_id

    async def quota(self, team_id, user_id, slack_channel_id):
        return QuotaAnswer(standings=(standing(),), time_zone="Europe/Berlin")

    async def status(self, team_id):
        working = ServiceStanding(
            label="fal",
            state="operational",
            meaning="Videos are made as usual",
            since=datetime(2026, 11, 20, tzinfo=UTC),
            typical=timedelta(seconds=120),
            models=("Seedance 2.0 Fast",),
            is_preview=False,
            name="fal",
        )
        return StatusAnswer(services=(working,), running=1, queued=0, preview_only=False)

    async def facts(self, found):
        return facts()


__all__ = ["CONFIRM_ABOVE", "NOW", "FakeJobs"]
