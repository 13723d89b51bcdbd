"""Every state of a question to a video's person, of a failover's line, and of "What happened?"."""

from dataclasses import replace
from datetime import timedelta

from slack_values import NASTY, NOW, attempt, facts, job, order, record

from bot.jobs.attempt import AttemptState
from bot.jobs.card_facts import Asked, Moved, PaidTry
from bot.jobs.consent import WAITING, AnswerWord, Planned, Question
from bot.jobs.happened import AskedThen, HappenedAnswer, Happening, LookOutcome, Try
from bot.jobs.model import Failure, JobState, Waiting
from bot.jobs.question_book import Booking
from bot.jobs.questions import AnswerOutcome, QuestionAnswer
from bot.slack.views.card import job_card
from bot.slack.views.question import answer_said
from bot.slack.views.what_happened import looking, what_happened

QUESTION = Question(
    id="q1",
    job_id="job1",
    team_id="T1",
    upstream="runway",
    model="gen-45",
    length_s=8,
    usd_micros=960_000,
    why="Seedance 2.0 Fast at fal cannot be used at the moment",
    can_wait=True,
    asked_at=NOW,
    deadline_at=NOW + timedelta(hours=24),
)
ASKED = Asked(question=QUESTION, service_label="Runway", model_label="Gen-4.5", same_model=False)
MOVED = Moved(
    attempt_id="try2",
    from_upstream="fal",
    from_model="seedance-fast",
    from_label="fal",
    error_kind="unreachable",
    to_label="Runway",
    to_model_label="",
    usd_micros_before=800_000,
    usd_micros=800_000,
)


def _card(made, *attempts, shown):
    tried = record(made, *attempts)
    return job_card(tried, shown, now=NOW, poster_file_id=None, delivery_unconfirmed=False)


def cards():
    waiting = job(waiting=Waiting.ANSWER, question_id="q1")
    nowhere = replace(QUESTION, can_wait=False, usd_micros=0, why="Seedance 2.0 Fast cannot be had here any more")
    rendering, running = job(state=JobState.RENDERING, state_since=NOW), attempt(id="try2", number=2)
    done = job(state=JobState.DELIVERED, paid_usd_micros=1_600_000, finished_at=NOW)
    paid = (
        PaidTry(service_label="fal", usd_micros=800_000, made=True),
        PaidTry(service_label="Runway", usd_micros=800_000, made=True),
    )
    billed = (replace(paid[0], made=False, usd_micros=100_000), paid[1])
    other = replace(MOVED, to_model_label="Gen-4.5", usd_micros=960_000)
    return {
        "card_asking": _card(waiting, shown=facts(asked=ASKED)),
        "card_asking_same_model": _card(waiting, shown=facts(asked=replace(ASKED, same_model=True))),
        "card_asking_no_hope": _card(waiting, shown=facts(asked=replace(ASKED, question=nowhere))),
        "card_asking_nasty": _card(
            replace(waiting, order=order(prompt=NASTY)),
            shown=facts(asked=replace(ASKED, model_label=NASTY, question=replace(QUESTION, why=NASTY))),
        ),
        "card_moved": _card(rendering, running, shown=facts(service_label="Runway", moved=MOVED)),
        "card_moved_model": _card(rendering, running, shown=facts(service_label="Runway", moved=other)),
        "card_paid_twice": _card(done, attempt(state=AttemptState.SUCCEEDED), shown=facts(paid=paid)),
        "card_paid_failed_try": _card(done, attempt(state=AttemptState.SUCCEEDED), shown=facts(paid=billed)),
    }


def said():
    made = record(job(waiting=Waiting.ANSWER))
    settled = QuestionAnswer(outcome=AnswerOutcome.SETTLED, record=made)
    return {
        **{
            f"question_said_{each.value}": answer_said(QuestionAnswer(outcome=each, question=QUESTION, record=made))
            for each in AnswerOutcome
        },
        **{
            f"question_settled_{each.value}": answer_said(replace(settled, question=replace(QUESTION, answer=each)))
            for each in AnswerWord
        },
    }


def views():
    failed = attempt(
        state=AttemptState.FAILED,
        ended_at=NOW,
        error_kind="capacity",
        error_detail=NASTY,
        render_id="r-1",
        request_id="req-1",
        cost_usd_micros=100_000,
    )
    taken = replace(QUESTION, answer=AnswerWord.USE, answered_at=NOW, answered_by="U1")
    refused = job(
        state=JobState.FAILED, failure=Failure.REFUSED, failure_words="secret details", order=order(prompt=NASTY)
    )
    planned = Planned(
        occasion="try1",
        at=NOW,
        candidates=("Seedance 2.0 Fast at fal", "Gen-4.5 at Runway"),
        skipped=tuple(f"Model {each} at Kling takes no picture" for each in range(40)),
        others=12,
    )
    tries = tuple(
        Try(attempt=each, service_label="fal", model_label="Seedance 2.0 Fast", planned=plan)
        for each, plan in [(failed, planned), (attempt(id="try2", number=2, state=AttemptState.SUCCEEDED), None)]
    )
    kinds = ["hold", "raise", "lower", "capture", "possibly_paid", "release"]
    happening = Happening(
        record=record(refused),
        facts=facts(),
        tries=tries,
        asked=(
            AskedThen(question=taken, service_label="Runway", model_label="Gen-4.5"),
            *(
                AskedThen(question=replace(QUESTION, answer=each), service_label="Runway", model_label="Gen-4.5")
                for each in (None, AnswerWord.EXPIRED)
            ),
        ),
        waited=replace(
            planned,
            occasion=WAITING,
            candidates=(),
            skipped=("Seedance at fal cannot be used at the moment; it is tried again by itself",),
            others=1,
        ),
        bookings=tuple(
            Booking(kind=each, usd_micros=800_000, given_back_usd_micros=200_000, at=NOW, attempt_id="try2")
            for each in kinds
        ),
    )
    fresh = Happening(record=record(), facts=facts(), tries=(), asked=(), waited=None, bookings=())
    return {
        "happened_all": what_happened(HappenedAnswer(outcome=LookOutcome.SHOWN, happening=happening)),
        "happened_nothing_yet": what_happened(HappenedAnswer(outcome=LookOutcome.SHOWN, happening=fresh)),
        "happened_not_yours": what_happened(HappenedAnswer(outcome=LookOutcome.NOT_YOURS)),
        "happened_unknown": what_happened(HappenedAnswer(outcome=LookOutcome.UNKNOWN)),
        "happened_looking": looking(),
    }
