"""Who made it in the end, who was paid for what, and what is written down about it."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from house import ADMIN, ANA, BEN, TEAM, House, a_house
from scripted_service import ScriptedService, a_model, a_protocol, an_upstream
from test_consent import two

from bot.catalogue.model import Tier
from bot.jobs.attempt import AttemptState
from bot.jobs.consent import AnswerWord
from bot.jobs.happened import Happening, LookOutcome
from bot.jobs.model import Failure, JobState
from bot.jobs.standing import Standings
from bot.providers.base import RenderRef, RenderState, RenderStatus
from bot.providers.errors import CapacityFailed, Moderated, ProviderError, QuotaExhausted, TimedOut


def failed(error: ProviderError, cost_usd_micros: int | None = None) -> RenderStatus:
    return RenderStatus(state=RenderState.FAILED, failure=error, cost_usd_micros=cost_usd_micros)


async def happened(house: House, job_id: str, user: str = ANA) -> Happening:
    answer = await house.happened.look(TEAM, user, job_id)
    assert answer.happening is not None
    return answer.happening


def booked(found: Happening) -> Sequence[tuple[str, int, int]]:
    return [(each.kind, each.usd_micros, each.given_back_usd_micros) for each in found.bookings]


async def test_a_failed_try_that_is_billed_is_paid_out_of_the_price_shown_and_the_next_has_what_is_left(
    tmp_path: Path,
) -> None:
    """Both services sell wave-1 below the price; the first bills a failure."""
    cheap = a_model(usd_micros_per_s=60_000)
    async with two(tmp_path, cheap) as town:
        town.first.statuses.append(failed(TimedOut("in the middle"), cost_usd_micros=100_000))
        record = await town.house.play(await town.named())
        assert (record.job.state, record.job.paid_usd_micros) == (JobState.DELIVERED, 340_000)
        assert (await town.house.spent(), await town.house.ledger_is_exact()) == ((340_000, 0), True)
        found = await happened(town.house, record.job.id)
        assert [(each.service_label, each.usd_micros, each.made) for each in found.facts.paid] == [
            ("Scripted", 100_000, False),
            ("Other", 240_000, True),
        ]
        assert booked(found) == [
            ("hold", 400_000, 0),
            ("capture", 100_000, 0),
            ("lower", 100_000, 0),
            ("capture", 240_000, 60_000),
        ]


async def test_what_a_billed_failure_leaves_is_not_enough_for_the_same_price_so_its_person_is_asked(
    tmp_path: Path,
) -> None:
    async with two(tmp_path, a_model()) as town:
        town.first.statuses.append(failed(TimedOut("in the middle"), cost_usd_micros=100_000))
        job = await town.named()
        playing, question = await town.asked(job)
        assert (question.upstream, question.usd_micros, town.other.accepted) == ("other", 400_000, [])
        assert await town.house.spent() == (100_000, 300_000)
        assert (await town.answers(question, AnswerWord.STOP)).value == "stopped"
        record = await town.ended(job, playing)
        assert (record.job.state, record.job.paid_usd_micros) == (JobState.CANCELLED, 100_000)
        assert await town.house.spent() == (100_000, 0)


@pytest.mark.parametrize(("bills", "said", "paid"), [(True, None, 400_000), (True, 0, 0), (False, 70_000, 70_000)])
async def test_what_a_refusal_costs_is_the_services_own_word_else_the_catalogues(
    tmp_path: Path, bills: bool, said: int | None, paid: int
) -> None:
    protocol = a_protocol(charges_refused=bills)
    async with a_house(tmp_path, upstreams=lambda one: (an_upstream(one, protocol=protocol),)) as (house, service):
        service.statuses.append(failed(Moderated("names a film"), cost_usd_micros=said))
        record = await house.play(await house.accepted(length_s=4))
        assert (record.job.failure, record.job.paid_usd_micros) == (Failure.REFUSED, paid)
        assert (await house.spent(), await house.ledger_is_exact()) == ((paid, 0), True)


async def test_what_a_service_says_it_charged_for_a_video_is_what_is_paid(tmp_path: Path) -> None:
    async with a_house(tmp_path) as (house, service):
        service.statuses.append(RenderStatus(state=RenderState.SUCCEEDED, result_ref="film", cost_usd_micros=330_000))
        record = await house.play(await house.accepted(length_s=4))
        assert (record.job.paid_usd_micros, await house.spent()) == (330_000, (330_000, 0))
        assert await house.ledger_is_exact()


async def test_a_late_video_after_a_failover_is_paid_too_delivered_once_and_both_are_said(tmp_path: Path) -> None:
    async with two(tmp_path, a_model(usd_micros_per_s=80_000)) as town:
        town.first.statuses.append(failed(CapacityFailed("no room")))
        town.first.statuses.append(failed(CapacityFailed("no room")))
        town.first.statuses.append(failed(CapacityFailed("no room")))
        job = await town.named()
        record = await town.house.play(job)
        assert (record.job.state, record.job.paid_usd_micros) == (JobState.DELIVERED, 320_000)
        first = record.attempts[0]
        ref = RenderRef(render_id=first.render_id or "")
        for _ in range(2):
            owed = await town.house.book.late_video(first, ref, result_ref="film", at=town.house.clock.now())
            assert owed is None
        found = await happened(town.house, job.id)
        assert found.record.job.paid_usd_micros == 720_000
        assert [(each.service_label, each.usd_micros, each.made) for each in found.facts.paid] == [
            ("Scripted", 400_000, True),
            ("Other", 320_000, True),
        ]
        assert len(town.house.surface.delivered) == 1
        assert (await town.house.spent(), await town.house.ledger_is_exact()) == ((720_000, 0), True)


async def test_what_happened_tells_its_person_and_admins_who_was_asked_who_was_not_and_why(tmp_path: Path) -> None:
    async with two(tmp_path, a_model(), a_model("mime", picture_wire_name=None, wire_name=None)) as town:
        town.first.before.append(QuotaExhausted("balance is empty"))
        record = await town.house.play(await town.named())
        for user in (ANA, ADMIN):
            found = await happened(town.house, record.job.id, user)
            first, second = found.tries
            assert (first.service_label, first.attempt.error_kind, first.attempt.error_detail) == (
                "Scripted",
                "quota",
                "balance is empty",
            )
            assert first.planned is not None
            assert second.planned is not None
            assert first.planned.candidates == ("Wave-1 at Scripted", "Wave-1 at Other")
            assert (first.planned.others, second.planned.candidates) == (1, ("Wave-1 at Other",))
            assert second.planned.skipped == ("Wave-1 at Scripted was tried already, in vain",)
            assert second.attempt.state is AttemptState.SUCCEEDED
        for team, user, outcome in ((TEAM, BEN, LookOutcome.NOT_YOURS), ("T2", ANA, LookOutcome.UNKNOWN)):
            answer = await town.house.happened.look(team, user, record.job.id)
            assert (answer.outcome, answer.happening) == (outcome, None)


async def test_why_it_waits_and_what_was_asked_is_kept_too(tmp_path: Path) -> None:
    async with two(tmp_path) as town:
        job = await town.named()
        await town.out()
        playing, question = await town.asked(job)
        found = await happened(town.house, job.id)
        assert found.waited is not None
        assert found.waited.skipped == ("Wave-1 at Scripted cannot be used at the moment; it is tried again by itself",)
        assert [each.question.id for each in found.asked] == [question.id]
        await town.answers(question, AnswerWord.STOP)
        await town.ended(job, playing)
        assert booked(await happened(town.house, job.id)) == [("hold", 400_000, 0), ("release", 400_000, 0)]


async def test_a_service_that_is_taken_out_of_the_settings_leaves_its_jobs_to_others_and_its_name_in_the_story(
    tmp_path: Path,
) -> None:
    """One job is being made there, another waits for it: the first may have been paid, the second is asked about."""
    async with two(tmp_path) as town:
        town.first.statuses = [RenderStatus(state=RenderState.RUNNING)] * 1000
        made, waiting = await town.named(), await town.named(prompt="a cat")
        before = town.house
        await before.steps.announce(made.id)
        await before.steps.submit(made.id)

        def without(one: ScriptedService) -> tuple[object, ...]:
            return (an_upstream(one, "other", tier=Tier.RELAY, models=(a_model("gong"),)),)

        async with a_house(tmp_path, upstreams=without, clock=before.clock, restarted=True) as (after, _):  # type: ignore[arg-type]
            first = await after.play(made)
            assert first.job.state is JobState.UNCONFIRMED
            assert [name for name, _ in after.alarms] == ["service_removed", "possibly_paid"]
            facts = await Standings(registry=after.registry, healths=after.healths, clock=after.clock).facts(
                first, queue_place=0
            )
            assert [each.service_label for each in facts.paid] == ["scripted"]
            await after.steps.announce(waiting.id)
            await after.steps.submit(waiting.id)
            question = (await after.record(waiting.id)).open_question
            assert question is not None
            assert (question.model, question.can_wait) == ("gong", False)
            assert question.why == "wave-1 cannot be had here any more"


async def test_a_model_that_retires_while_its_job_is_queued_is_asked_about_with_no_hope_of_its_return(
    tmp_path: Path,
) -> None:
    async with two(tmp_path) as town:
        job = await town.named()
        gone = a_model(retires_at=town.house.clock.now())
        async with two(tmp_path, first={"models": (gone,)}, clock=town.house.clock, restarted=True) as later:
            playing, question = await later.asked(job)
            assert not question.can_wait
            assert question.why == "Wave-1 at Scripted has been shut down"
            assert (await later.answers(question, AnswerWord.WAIT)).value == "settled"
            assert (await later.answers(question, AnswerWord.STOP)).value == "stopped"
            await later.ended(job, playing)


async def test_a_price_that_rises_after_it_was_agreed_is_asked_about_and_one_that_falls_is_simply_paid(
    tmp_path: Path,
) -> None:
    async with two(tmp_path) as town:
        rises, falls = await town.named(), await town.named(prompt="a cat")
        clock = town.house.clock
        dearer = {"models": (a_model(usd_micros_per_s=120_000),)}
        async with two(tmp_path, first=dearer, clock=clock, restarted=True) as later:
            playing, question = await later.asked(rises)
            assert (question.model, question.usd_micros) == ("wave-1", 480_000)
            await later.answers(question, AnswerWord.STOP)
            await later.ended(rises, playing)
        cheaper = {"models": (a_model(usd_micros_per_s=50_000),)}
        async with two(tmp_path, first=cheaper, clock=clock, restarted=True) as later:
            record = await later.house.play(falls)
            assert (record.job.state, record.job.paid_usd_micros) == (JobState.DELIVERED, 200_000)
            assert await later.house.spent() == (200_000, 0)
