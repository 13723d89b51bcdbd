"""A video's life from accepted to its end, with every misfortune at its submit and its render."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from house import ANA, a_house
from scripted_service import ScriptedService, a_model, a_protocol, an_upstream
from virtual_clock import VirtualClock

from bot.catalogue.model import ModelClass, Tier
from bot.jobs.answers import CancelOutcome
from bot.jobs.attempt import AttemptState
from bot.jobs.model import Failure, JobState
from bot.jobs.rooms import Patience
from bot.jobs.story import story
from bot.jobs.surface import Announced, Delivered
from bot.providers.base import RenderState, RenderStatus
from bot.providers.errors import (
    AuthFailed,
    CapacityFailed,
    InvalidRequest,
    Moderated,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Retired,
    Unreachable,
)
from bot.store.jobs import StoredJobs


def failed(error: Exception) -> RenderStatus:
    return RenderStatus(state=RenderState.FAILED, failure=error)  # type: ignore[arg-type]


async def test_a_video_is_made_paid_and_delivered_once(tmp_path: Path) -> None:
    async with a_house(tmp_path) as (house, service):
        job = await house.accepted(length_s=8)
        assert (job.number, job.held_usd_micros, await house.spent()) == (1, 800_000, (0, 800_000))
        record = await house.play(job)
        assert record.job.state is JobState.DELIVERED
        assert (record.job.paid_usd_micros, await house.spent()) == (800_000, (800_000, 0))
        assert [len(service.accepted), len(house.surface.delivered), house.surface.told] == [1, 1, []]
        assert await house.ledger_is_exact()


@pytest.mark.parametrize("error", [Moderated("no"), InvalidRequest("no")])
async def test_a_refusal_at_submit_gives_the_money_back_and_asks_nobody_else(tmp_path: Path, error: Exception) -> None:
    second = ScriptedService  # a second service that would have said yes

    async with a_house(
        tmp_path,
        upstreams=lambda one: (
            an_upstream(one),
            an_upstream(second(clock=one.clock, film=one.film), "other", tier=Tier.RELAY),
        ),
    ) as (house, service):
        service.before.append(error)  # type: ignore[arg-type]
        record = await house.play(await house.accepted())
        other = house.registry.upstream("other").provider
        assert isinstance(other, ScriptedService)
        assert (record.job.state, len(service.accepted), len(other.accepted)) == (JobState.FAILED, 0, 0)
        assert record.job.failure in {Failure.REFUSED, Failure.INVALID}
        assert (await house.spent(), len(house.surface.told)) == ((0, 0), 1)
        assert record.job.reference
        assert await house.ledger_is_exact()


async def test_a_render_refused_after_a_while_is_told_and_charged_only_where_the_service_charges(
    tmp_path: Path,
) -> None:
    charging = a_protocol(charges_refused=True)
    async with a_house(tmp_path, upstreams=lambda one: (an_upstream(one, protocol=charging),)) as (house, service):
        service.statuses = [RenderStatus(state=RenderState.RUNNING, progress=0.4), failed(Moderated("violence"))]
        record = await house.play(await house.accepted(length_s=4))
        assert (record.job.failure, record.job.failure_words) == (Failure.REFUSED, "violence")
        assert await house.spent() == (400_000, 0) == (record.job.paid_usd_micros, 0)


@pytest.mark.parametrize("error", [AuthFailed("key"), Retired("gone"), CapacityFailed("full"), Unreachable("down")])
async def test_a_service_that_did_not_accept_is_followed_by_the_next(tmp_path: Path, error: Exception) -> None:
    async with a_house(
        tmp_path,
        upstreams=lambda one: (
            an_upstream(one),
            an_upstream(ScriptedService(clock=one.clock, film=one.film), "other", tier=Tier.RELAY),
        ),
    ) as (house, service):
        service.before.append(error)  # type: ignore[arg-type]
        record = await house.play(await house.accepted())
        assert record.job.state is JobState.DELIVERED
        assert [each.upstream for each in record.attempts] == ["scripted", "other"]
        assert [each.state for each in record.attempts] == [AttemptState.NOT_ACCEPTED, AttemptState.SUCCEEDED]
        assert len(service.accepted) == 0


async def test_failover_never_passes_the_price_shown(tmp_path: Path) -> None:
    dear = a_model("wave-2", usd_micros_per_s=900_000, model_class=ModelClass.FAST)
    async with a_house(
        tmp_path,
        upstreams=lambda one: (
            an_upstream(one),
            an_upstream(ScriptedService(clock=one.clock, film=one.film), "dear", tier=Tier.RELAY, models=(dear,)),
        ),
    ) as (house, service):
        service.before += [InvalidRequest("no")]
        job = await house.accepted(model="wave-1", length_s=4)
        record = await house.play(job)
        assert (record.job.held_usd_micros, [each.upstream for each in record.attempts]) == (400_000, ["scripted"])


async def test_an_answer_lost_after_processing_is_found_by_listing_and_never_sent_twice(tmp_path: Path) -> None:
    async with a_house(tmp_path) as (house, service):
        service.after.append(OutcomeUnknown("the line went dead"))
        record = await house.play(await house.accepted())
        assert record.job.state is JobState.DELIVERED
        assert (len(service.accepted), len(record.attempts)) == (1, 1)
        assert record.attempts[0].render_id == service.accepted[0].render_id


async def test_a_submit_that_never_arrived_is_sent_again_only_after_deadline_and_listing_lag(tmp_path: Path) -> None:
    async with a_house(tmp_path) as (house, service):
        service.before.append(OutcomeUnknown("dropped before it was read"))
        job = await house.accepted()
        begun = house.clock.now()
        record = await house.play(job)
        assert (record.job.state, len(service.accepted)) == (JobState.DELIVERED, 1)
        assert [each.error_kind for each in record.attempts] == ["lost", ""]
        assert service.accepted[0].at - begun >= timedelta(seconds=90)


async def test_who_was_stopped_between_intent_and_post_sends_nothing_that_others_have_proven_absent(
    tmp_path: Path,
) -> None:
    clock, stops = VirtualClock(), [120.0]

    class StoppedOnce(StoredJobs):
        async def begin(self, *args: Any, **kwargs: Any) -> bool:
            begun = await super().begin(*args, **kwargs)
            if stops:
                clock.leap(stops.pop())
            return begun

    async with a_house(tmp_path, clock=clock, stored=StoppedOnce) as (house, service):
        record = await house.play(await house.accepted())
        assert (record.job.state, len(service.accepted)) == (JobState.DELIVERED, 1)
        late, sent = record.attempts
        assert (late.state, late.error_kind, late.render_id) == (AttemptState.NOT_ACCEPTED, "lost", None)
        assert sent.render_id == service.accepted[0].render_id
        assert service.accepted[0].at <= sent.deadline_at
        assert await house.ledger_is_exact()


async def test_without_list_or_key_the_money_stays_reserved_and_is_booked_as_possibly_paid(tmp_path: Path) -> None:
    blind = a_protocol(lists=False)
    async with a_house(tmp_path, upstreams=lambda one: (an_upstream(one, protocol=blind),)) as (house, service):
        service.after.append(OutcomeUnknown("silence"))
        job = await house.accepted(length_s=4)
        playing = asyncio.ensure_future(story(job.id, house.steps))
        await house.clock.advance(6 * 24 * 3600)
        record = await house.record(job.id)
        assert (record.job.state, await house.spent()) == (JobState.CHECKING, (0, 0))  # another day's budget by now
        await house.clock.finish(playing, within_s=2 * 24 * 3600)
        record = await house.record(job.id)
        assert (record.job.state, record.job.paid_usd_micros) == (JobState.UNCONFIRMED, 400_000)
        assert (len(service.accepted), len(house.surface.told)) == (1, 1)
        assert ("possibly_paid", {"job": job.id, "usd_micros": 400_000}) in house.alarms
        assert await house.ledger_is_exact()


async def test_a_webhook_whose_path_names_the_attempt_ends_the_doubt(tmp_path: Path) -> None:
    blind = a_protocol(lists=False)
    async with a_house(tmp_path, upstreams=lambda one: (an_upstream(one, protocol=blind),)) as (house, service):
        service.after.append(OutcomeUnknown("silence"))
        job = await house.accepted()
        playing = asyncio.ensure_future(story(job.id, house.steps))
        await house.clock.advance(60)
        attempt = (await house.record(job.id)).attempts[0]
        render_id = service.accepted[0].render_id
        forged = await house.desk.hear("scripted", attempt.webhook_token, {"signature": "no"}, render_id.encode())
        assert (forged, (await house.record(job.id)).job.state) == ("refused", JobState.CHECKING)
        genuine = {"signature": "genuine", "id": "e1"}
        heard = [
            await house.desk.hear("scripted", attempt.webhook_token, genuine, render_id.encode()) for _ in range(2)
        ]
        await house.clock.finish(playing)
        assert heard == ["taken", "known"]
        assert ((await house.record(job.id)).job.state, len(service.accepted)) == (JobState.DELIVERED, 1)


async def test_too_fast_is_tried_again_when_the_service_said(tmp_path: Path) -> None:
    async with a_house(tmp_path) as (house, service):
        service.before += [RateLimited("slow down", retry_after_s=20), RateLimited("slow down")]
        begun = house.clock.now()
        record = await house.play(await house.accepted())
        assert (record.job.state, len(service.accepted)) == (JobState.DELIVERED, 1)
        assert service.accepted[0].at - begun >= timedelta(seconds=22)


async def test_capacity_failures_are_tried_twice_more_and_then_told(tmp_path: Path) -> None:
    async with a_house(tmp_path) as (house, service):
        service.statuses = [failed(CapacityFailed("overloaded"))] * 3
        record = await house.play(await house.accepted())
        assert (record.job.failure, len(service.accepted)) == (Failure.NOT_RENDERED, 3)
        assert (await house.spent(), len(house.surface.told)) == ((0, 0), 1)


async def test_a_service_that_is_down_is_waited_for_and_the_job_starts_by_itself(tmp_path: Path) -> None:
    async with a_house(tmp_path) as (house, service):
        service.before += [Unreachable("connection refused")] * 5
        record = await house.play(await house.accepted())
        assert (record.job.state, len(service.accepted)) == (JobState.DELIVERED, 1)
        assert (await house.spent())[1] == 0


async def test_a_service_that_stays_down_is_given_up_when_patience_ends(tmp_path: Path) -> None:
    async with a_house(tmp_path, patience=Patience(queue_wait_max=timedelta(minutes=30))) as (house, service):
        service.before += [Unreachable("connection refused")] * 5000
        record = await house.play(await house.accepted())
        assert (record.job.state, record.job.failure) == (JobState.FAILED, Failure.SERVICES_FAILED)
        assert await house.ledger_is_exact()


async def test_polls_survive_errors_and_unknown_words_and_progress_going_back(tmp_path: Path) -> None:
    async with a_house(tmp_path) as (house, service):
        service.statuses = [
            RenderStatus(state=RenderState.RUNNING, progress=0.5),
            CapacityFailed("502"),
            NotFound("not yet listed"),
            RateLimited("too many looks", retry_after_s=30),
            RenderStatus(state=RenderState.RUNNING, progress=0.2, unknown_word="polishing"),
        ]
        record = await house.play(await house.accepted())
        assert (record.job.state, record.attempts[0].progress) == (JobState.DELIVERED, 0.5)
        assert [name for name, _ in house.alarms] == ["unknown_status"]


async def test_a_render_the_service_lost_ends_in_words(tmp_path: Path) -> None:
    async with a_house(tmp_path) as (house, service):
        service.statuses = [NotFound("no such video")] * 5
        record = await house.play(await house.accepted())
        assert (record.job.failure, record.attempts[0].error_kind) == (Failure.NOT_RENDERED, "not_found")


async def test_stuck_is_marked_overdue_and_a_late_video_is_delivered(tmp_path: Path) -> None:
    stuck = [RenderStatus(state=RenderState.RUNNING, progress=0.99)] * 400
    async with a_house(tmp_path) as (house, service):
        service.statuses = list(stuck)
        job = await house.accepted()
        playing = asyncio.ensure_future(story(job.id, house.steps))
        await house.clock.advance(1000)
        assert (await house.record(job.id)).job.overdue_since is not None
        before = service.polls
        await house.clock.advance(600)
        assert service.polls - before < 10  # at a slow pace
        service.statuses.clear()
        await house.clock.finish(playing)
        assert (await house.record(job.id)).job.state is JobState.DELIVERED


async def test_stuck_where_the_service_confirms_a_cancel_goes_elsewhere(tmp_path: Path) -> None:
    cancels = a_protocol(cancels=True)
    async with a_house(
        tmp_path,
        upstreams=lambda one: (
            an_upstream(one, protocol=cancels),
            an_upstream(ScriptedService(clock=one.clock, film=one.film), "other", tier=Tier.RELAY),
        ),
    ) as (house, service):
        service.statuses = [RenderStatus(state=RenderState.RUNNING, progress=0.99)] * 400
        record = await house.play(await house.accepted())
        assert (record.job.state, len(service.cancelled)) == (JobState.DELIVERED, 1)
        assert [each.upstream for each in record.attempts] == ["scripted", "other"]
        assert await house.spent() == (record.job.paid_usd_micros, 0)


async def test_a_cancel_before_anything_is_sent_gives_everything_back(tmp_path: Path) -> None:
    async with a_house(tmp_path) as (house, service):
        job = await house.accepted()
        answer = await house.service.cancel("T1", ANA, job.id)
        record = await house.play(job)
        assert (answer.outcome, record.job.state) == (CancelOutcome.CANCELLED, JobState.CANCELLED)
        assert (len(service.accepted), await house.spent()) == (0, (0, 0))


@pytest.mark.parametrize(("confirms", "paid"), [(True, 0), (False, 500_000)])
async def test_a_cancel_while_rendering_is_free_only_if_the_service_confirms(
    tmp_path: Path, confirms: bool, paid: int
) -> None:
    cancels = a_protocol(cancels=True)
    wave = a_model(lengths_s=(5,))
    async with a_house(tmp_path, upstreams=lambda one: (an_upstream(one, protocol=cancels, models=(wave,)),)) as (
        house,
        service,
    ):
        service.confirms_cancel = confirms
        service.statuses = [RenderStatus(state=RenderState.RUNNING)] * 10
        job = await house.accepted()
        playing = asyncio.ensure_future(story(job.id, house.steps))
        await house.clock.advance(10)
        assert (await house.service.cancel("T1", ANA, job.id)).outcome is CancelOutcome.ASKED
        await house.clock.finish(playing)
        record = await house.record(job.id)
        assert (record.job.state, record.job.paid_usd_micros) == (JobState.CANCELLED, paid)
        assert (await house.spent(), house.surface.delivered) == ((paid, 0), [])
        if not confirms:  # made, paid and kept: offered, and delivered when asked for
            assert await house.service.send_again("T1", ANA, job.id)
            record = await house.play(job)
            assert (record.job.state, len(house.surface.delivered)) == (JobState.DELIVERED, 1)
            assert await house.spent() == (paid, 0)


@pytest.mark.parametrize("charges", [True, False])
async def test_a_refusal_after_a_cancel_is_paid_where_the_service_charges_for_it(tmp_path: Path, charges: bool) -> None:
    protocol = a_protocol(charges_refused=charges)
    wave = a_model(lengths_s=(5,))
    async with a_house(tmp_path, upstreams=lambda one: (an_upstream(one, protocol=protocol, models=(wave,)),)) as (
        house,
        service,
    ):
        service.statuses = [*[RenderStatus(state=RenderState.RUNNING)] * 4, failed(Moderated("violence"))]
        job = await house.accepted()
        playing = asyncio.ensure_future(story(job.id, house.steps))
        await house.clock.advance(10)
        assert (await house.service.cancel("T1", ANA, job.id)).outcome is CancelOutcome.CANNOT
        await house.clock.finish(playing)
        record = await house.record(job.id)
        assert record.job.state is (JobState.FAILED if charges else JobState.CANCELLED)
        assert await house.spent() == (500_000 if charges else 0, 0)
        assert len(house.surface.told) == (1 if charges else 0)
        assert await house.ledger_is_exact()


async def test_nothing_is_sent_where_slack_does_not_let_us_post(tmp_path: Path) -> None:
    async with a_house(tmp_path) as (house, service):
        house.surface.announces = Announced.REFUSED
        record = await house.play(await house.accepted())
        assert (record.job.failure, len(service.accepted)) == (Failure.CANNOT_POST, 0)
        assert await house.spent() == (0, 0)


async def test_a_video_slack_takes_nowhere_is_kept_and_paid_and_can_be_sent_again(tmp_path: Path) -> None:
    async with a_house(tmp_path) as (house, service):
        house.surface.delivers = Delivered.REFUSED
        job = await house.accepted(length_s=4)
        record = await house.play(job)
        assert (record.job.failure, await house.spent()) == (Failure.UNDELIVERABLE, (400_000, 0))
        house.surface.delivers = Delivered.SHARED
        assert await house.service.send_again("T1", ANA, job.id)
        record = await house.play(job)
        assert (record.job.state, record.job.failure, len(service.accepted)) == (JobState.DELIVERED, None, 1)


async def test_a_file_that_is_no_video_is_told_as_paid_and_lost(tmp_path: Path) -> None:
    async with a_house(tmp_path) as (house, service):
        service.film = tmp_path / "page.html"
        service.film.write_text("<html>gateway error</html>")
        record = await house.play(await house.accepted(length_s=4))
        assert (record.job.failure, record.job.paid_usd_micros) == (Failure.VIDEO_LOST, 400_000)
        assert (len(house.surface.told), house.surface.delivered) == (1, [])


class Twice:
    """The engine repeats a step whose outcome it did not record. Here every step runs twice, everywhere."""

    def __init__(self, steps: object) -> None:
        self._steps = steps

    def __getattr__(self, name: str) -> object:
        step = getattr(self._steps, name)

        async def twice(job_id: str) -> object:
            await step(job_id)
            return await step(job_id)

        return twice


async def test_a_refusal_whose_step_was_killed_does_not_move_to_another_service(tmp_path: Path) -> None:
    async with a_house(
        tmp_path,
        upstreams=lambda one: (
            an_upstream(one),
            an_upstream(ScriptedService(clock=one.clock, film=one.film), "other", tier=Tier.RELAY),
        ),
    ) as (house, service):
        service.before.append(Moderated("no"))
        job = await house.accepted()
        await house.clock.finish(story(job.id, Twice(house.steps)))  # type: ignore[arg-type]
        record = await house.record(job.id)
        assert (record.job.failure, [each.upstream for each in record.attempts]) == (Failure.REFUSED, ["scripted"])


async def test_each_step_killed_before_its_word_was_written_runs_again_without_a_second_effect(tmp_path: Path) -> None:
    async with a_house(tmp_path) as (house, service):
        job = await house.accepted(length_s=4)
        await house.clock.finish(story(job.id, Twice(house.steps)))  # type: ignore[arg-type]
        record = await house.record(job.id)
        assert (record.job.state, len(service.accepted), await house.spent()) == (JobState.DELIVERED, 1, (400_000, 0))
        assert await house.ledger_is_exact()


async def test_death_between_intent_and_answer_is_a_doubt_for_the_next_process(tmp_path: Path) -> None:
    async with a_house(tmp_path) as (house, service):
        job = await house.accepted()
        reached = asyncio.Event()

        async def hang(_request: object) -> None:
            reached.set()
            await asyncio.Event().wait()

        service.submit = hang  # type: ignore[method-assign, assignment]
        dying = asyncio.ensure_future(story(job.id, house.steps))
        await house.clock.until(reached.is_set)
        dying.cancel()
        await asyncio.gather(dying, return_exceptions=True)
        clock = house.clock
    fresh = ScriptedService(clock=clock, film=tmp_path / "film.mp4")
    async with a_house(tmp_path, clock=clock, service=fresh, restarted=True) as (house, service):
        record = await house.play(job)
        assert (record.job.state, len(service.accepted)) == (JobState.DELIVERED, 1)
        assert [each.state for each in record.attempts] == [AttemptState.NOT_ACCEPTED, AttemptState.SUCCEEDED]


async def test_an_order_whose_picture_is_gone_is_not_made_without_it(tmp_path: Path) -> None:
    async with a_house(tmp_path) as (house, service):
        record = await house.play(await house.accepted(picture_id="cleaned-away"))
        assert (record.job.failure, service.accepted, await house.spent()) == (Failure.INVALID, [], (0, 0))


async def test_a_video_given_up_and_booked_is_delivered_when_it_turns_up_and_paid_once(tmp_path: Path) -> None:
    blind = a_protocol(lists=False)
    async with a_house(tmp_path, upstreams=lambda one: (an_upstream(one, protocol=blind),)) as (house, service):
        service.after.append(OutcomeUnknown("silence"))
        job = await house.accepted(length_s=4)
        record = await house.play(job, within_s=8 * 24 * 3600)
        assert record.job.state is JobState.UNCONFIRMED
        genuine = {"signature": "genuine", "id": "e1"}
        token, render_id = record.attempts[0].webhook_token, service.accepted[0].render_id
        for _ in range(2):
            await house.desk.hear("scripted", token, genuine, render_id.encode())
        assert house.enqueued[-1] == f"{job.id}.1"
        record = await house.play(job)
        assert (record.job.state, record.job.paid_usd_micros) == (JobState.DELIVERED, 400_000)
        assert (len(service.accepted), len(house.surface.delivered)) == (1, 1)
        assert await house.ledger_is_exact()
