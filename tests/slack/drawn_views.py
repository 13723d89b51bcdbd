"""Every state of every view, by name: what the golden files hold and what the limits are checked on."""

from dataclasses import replace
from datetime import timedelta

import drawn_questions
from slack_values import LONG, MODELS, NASTY, NOW, attempt, facts, job, offer, order, record, standing, wish

from bot.jobs.answers import (
    Accepted,
    CancelAnswer,
    CancelOutcome,
    OverBudget,
    PriceToConfirm,
    QueueFull,
    QuotaAnswer,
    RemoveAnswer,
    RemoveOutcome,
    SameAgain,
)
from bot.jobs.attempt import AttemptState
from bot.jobs.balances import Account, Balance
from bot.jobs.doubt_desk import DoubtAnswer, DoubtOutcome
from bot.jobs.model import Failure, JobState, Place, Waiting
from bot.jobs.status import ModelStanding, ServiceStanding, StatusAnswer
from bot.jobs.wish import Choice, Complaint, Problem
from bot.slack.admin_ports import AdminChoices, ClaimOutcome, NoticeKind
from bot.slack.frames import NOT_SHOWN
from bot.slack.options import read_options
from bot.slack.views import admin, answers, listings, place, video_answers
from bot.slack.views.card import job_card
from bot.slack.views.doubt import doubt_question, doubt_said
from bot.slack.views.form import done_view, loading_view, video_form
from bot.slack.views.form_fields import FormValue, ShownFrame
from bot.slack.views.status import status

FRAME = ShownFrame(
    name="p1:1280x720:whole",
    file_id="F1",
    notes=("The picture is small (300 × 300 pixels), so the video may look soft.",),
)
CHOICES = tuple(Choice(model=each, from_usd_micros=400_000) for each in MODELS)
SERVICE = ServiceStanding(
    label="fal",
    state="operational",
    meaning="Videos are made as usual",
    since=None,
    typical=timedelta(seconds=120),
    models=("Seedance 2.0 Fast", "Kling 3 Pro"),
    is_preview=False,
)
OUT = replace(SERVICE, label="My relay", state="suspended", meaning="It fails; tried again in 2 min", since=NOW)
KNOWN = replace(
    SERVICE,
    slow=timedelta(seconds=260),
    uptime={"1 h": 1.0, "24 h": 0.9996, "30 d": 0.981, "90 d": None},
    looked_at=NOW,
    response_ms=182,
    model_standings=(
        ModelStanding(
            name="seedance-fast",
            label="Seedance 2.0 Fast",
            state="operational",
            meaning="Making videos.",
            since=None,
            retry_at=None,
            videos=37,
            half_done=timedelta(seconds=120),
            most_done=timedelta(seconds=260),
        ),
        ModelStanding(
            name="kling",
            label="Kling 3 Pro",
            state="suspended",
            meaning="It failed several times in a row and is left alone for a while.",
            since=NOW,
            retry_at=NOW,
            videos=0,
            half_done=None,
            most_done=None,
        ),
    ),
)
AGAINST = replace(
    OUT,
    state="degraded",
    lasted_before=timedelta(minutes=25),
    retry_at=NOW + timedelta(minutes=2),
    page_words=f"Its own page says that all is well; videos fail here all the same. {NASTY}",
)
MANY = tuple(f"Model {each}" for each in range(50))
PREVIEW = replace(SERVICE, label="Preview", is_preview=True, typical=timedelta(seconds=5), models=("Preview",))


def card(made, *attempts, shown=None, poster=None, unconfirmed=False):
    return job_card(
        record(made, *attempts),
        shown or facts(),
        now=NOW,
        poster_file_id=poster,
        delivery_unconfirmed=unconfirmed,
    )


def _done(**changes):
    made = job(state=JobState.DELIVERED, paid_usd_micros=800_000, finished_at=NOW)
    return replace(made, **changes)


def _failed(failure, **changes):
    return job(state=JobState.FAILED, failure=failure, failure_words="secret details", reference="4f2a1c", **changes)


def cards():
    running, over = attempt(), attempt(state=AttemptState.SUCCEEDED)
    rendering = job(state=JobState.RENDERING, state_since=NOW - timedelta(seconds=65))
    no_cancel = facts(can_cancel=False)
    free = facts(free=True, service_label="Preview", model_label="Preview", is_preview=True)
    return {
        "card_starting": card(job(), shown=facts(service_label="", model_label="", receives="", typical=None)),
        "card_waiting_turn": card(job(waiting=Waiting.TURN), shown=facts(queue_place=2)),
        "card_waiting_slot": card(job(waiting=Waiting.SLOT)),
        "card_waiting_service": card(
            job(waiting=Waiting.SERVICE_DOWN), shown=facts(service_down_words="fal has been out for 3 min")
        ),
        "card_submitting": card(job(state=JobState.SUBMITTING), running),
        "card_checking": card(job(state=JobState.CHECKING), running),
        "card_checking_free": card(job(state=JobState.CHECKING, held_usd_micros=0), running, shown=free),
        "card_making": card(rendering, running),
        "card_making_longer": card(rendering, attempt(submitted_at=NOW - timedelta(seconds=181))),
        "card_making_progress": card(rendering, attempt(progress=0.62)),
        "card_making_note": card(rendering, attempt(note="You asked 10 s; this model makes 8 s")),
        "card_making_auto": card(replace(rendering, order=order(model=None)), running),
        "card_overdue": card(replace(rendering, overdue_since=NOW), running, shown=facts(elsewhere_usd_micros=800_000)),
        "card_overdue_nowhere": card(replace(rendering, overdue_since=NOW), running),
        "card_cancelling": card(replace(rendering, cancel_requested_at=NOW), running, shown=no_cancel),
        "card_delivering": card(job(state=JobState.DELIVERING, paid_usd_micros=800_000), over, shown=no_cancel),
        "card_done": card(_done(), over, shown=no_cancel, poster="F1"),
        "card_done_no_poster": card(_done(paid_usd_micros=4_000), over, shown=no_cancel),
        "card_done_unconfirmed": card(_done(), over, shown=no_cancel, unconfirmed=True),
        "card_done_preview": card(replace(_done(), paid_usd_micros=0), over, shown=free),
        "card_unconfirmed": card(job(state=JobState.UNCONFIRMED), attempt(state=AttemptState.UNKNOWN)),
        "card_cancelled": card(job(state=JobState.CANCELLED), shown=no_cancel),
        "card_cancelled_made": card(job(state=JobState.CANCELLED, paid_usd_micros=800_000), over, shown=no_cancel),
        "card_nasty_prompt": card(
            _done(order=order(prompt=NASTY)),
            over,
            shown=facts(service_label="<b>&*relay*", model_label="M<1>", can_cancel=False),
        ),
        "card_long_prompt": card(_done(order=order(prompt=LONG)), over, shown=no_cancel, poster="F1"),
        **{
            f"card_failed_{each.value}": card(_failed(each), attempt(state=AttemptState.FAILED), shown=no_cancel)
            for each in Failure
        },
        "card_failed_paid": card(_failed(Failure.VIDEO_LOST, paid_usd_micros=800_000), over, shown=no_cancel),
    }


def said():
    complaint = Complaint(
        problem=Problem.LENGTH,
        given="10 s",
        allowed=("4 s", "8 s", "12 s"),
        model_label="Seedance 2.0 Fast",
        suggestion="8 s",
    )
    earlier, confirm = job(), PriceToConfirm(offer=offer(usd_micros=3_200_000))
    auto = offer(model_label="Auto · Best", model_name=None, usd_micros=2_000_000, usd_micros_is_ceiling=True)
    budget = OverBudget(
        offer=offer(), standing=standing(usd_micros_used=4_500_000), cheaper=offer(length_s=4, usd_micros=400_000)
    )
    troubles = read_options("a corgi --lenght 8 --wide --square --audio --seed x --8s now")[2]
    every_complaint = tuple(replace(complaint, problem=each) for each in Problem)
    return {
        "say_accepted": answers.accepted(Accepted(job=earlier, fresh=True, queue_place=0)),
        "say_accepted_queued": answers.accepted(Accepted(job=earlier, fresh=True, queue_place=2)),
        "say_accepted_twice": answers.accepted(Accepted(job=earlier, fresh=False, queue_place=0)),
        "say_price": answers.price_to_confirm(confirm, "d1"),
        "say_price_auto": answers.price_to_confirm(PriceToConfirm(offer=auto), "d1"),
        "say_price_nasty": answers.price_to_confirm(PriceToConfirm(offer=offer(wish=wish(prompt=NASTY))), "d1"),
        "say_price_long": answers.price_to_confirm(PriceToConfirm(offer=offer(wish=wish(prompt=LONG))), "d1"),
        "say_same_again": answers.same_again(SameAgain(offer=offer(), earlier=earlier), "d1"),
        "say_over_budget": answers.over_budget(budget, "d1", "d2"),
        "say_over_budget_clips": answers.over_budget(
            replace(
                budget,
                cheaper=None,
                standing=standing(usd_micros_max=None, clips_max=3, clips_used=3, scope="workspace", period="month"),
            ),
            "d1",
            None,
        ),
        "say_queue_full": answers.queue_full(QueueFull(queued_max=10), "a corgi", "d1"),
        "say_not_possible": answers.not_possible(offer(complaints=(complaint,)), "d1"),
        "say_not_possible_all": answers.not_possible(offer(complaints=every_complaint), "d1"),
        "say_model_ended": answers.not_possible(
            offer(
                complaints=(
                    Complaint(
                        problem=Problem.MODEL_RETIRED,
                        given="sora-2",
                        allowed=("seedance-2.0",),
                        model_label="Sora 2 ended at OpenAI on 2026-09-24",
                        suggestion="Seedance 2.0 Fast at fal",
                    ),
                ),
                model_label="Auto (Fast)",
                usd_micros_is_ceiling=True,
            ),
            "d1",
            "d2",
        ),
        "say_misread": answers.misread(troubles, "a corgi --lenght 8", "d1"),
        "say_review": answers.review_and_start(NASTY, "d1"),
        "say_slack_slow": answers.slack_was_slow("d1"),
        "say_still_working": answers.still_working(),
        "say_draft_gone": answers.draft_gone(),
        "say_too_fast": answers.too_fast(),
        "say_unknown_video": video_answers.unknown_video(),
        "say_not_yours": video_answers.not_yours_or_over(),
        **{
            f"say_cancel_{each.value}": video_answers.cancel_said(CancelAnswer(outcome=each, job=earlier))
            for each in CancelOutcome
        },
        **{
            f"say_remove_{each.value}": video_answers.remove_said(RemoveAnswer(outcome=each, record=record(earlier)))
            for each in RemoveOutcome
        },
        "say_cannot_post_public": place.cannot_post(earlier, code="not_in_channel", can_join=True, bot_user_id="UBOT"),
        "say_cannot_post_private": place.cannot_post(
            job(order=order(place=Place(slack_channel_id="D9"))), code="channel_not_found", can_join=False
        ),
        "say_cannot_post_archived": place.cannot_post(earlier, code="is_archived", can_join=False),
        "say_cannot_post_restricted": place.cannot_post(earlier, code="restricted_action", can_join=False),
        "say_cannot_join": place.cannot_join(earlier, bot_user_id="UBOT"),
        "say_open_settings": admin.open_settings("/sora"),
        **{f"say_code_{each}": admin.claim_said(each, ("U1",), command="/sora") for each in ClaimOutcome},
        "say_hello": admin.hello("U1", command="/sora"),
    }


def account(left, **changes):
    return Account(
        **{"upstream": "a", "left": left, "videos": 7, "warns_below_videos": 5, "warns_below_usd_micros": 2_000_000}
        | changes
    )


TOLD = Balance(upstream="a", usd_micros=3_100_000, read_at=NOW)
ACCOUNTS = {
    "told": account(TOLD),
    "older": account(replace(TOLD, problem="HTTP 401: <!channel> wrong key"), warns_below_videos=0),
    "free": account(replace(TOLD, usd_micros=0), videos=None, warns_below_usd_micros=None),
    "secretive": account(replace(TOLD, usd_micros=None), videos=None),
    "mute": account(Balance(upstream="a", usd_micros=None, read_at=None, problem="HTTP 503"), videos=None),
    "not_asked": account(None, videos=None),
}


def lists():
    failed = record(_failed(Failure.REFUSED), attempt(state=AttemptState.FAILED))
    drawn = card(failed.job, *failed.attempts)
    stands = StatusAnswer(services=(SERVICE,), running=0, queued=0, preview_only=False)
    return {
        "list_help": listings.help_text("/sora"),
        "list_status_good": status(stands),
        "list_status_busy": status(replace(stands, running=2, queued=3)),
        "list_status_trouble": status(replace(stands, services=(SERVICE, OUT)), details=True),
        "list_status_known": status(replace(stands, services=(KNOWN, AGAINST)), details=True),
        "list_status_accounts": status(
            replace(stands, services=tuple(replace(SERVICE, name=name) for name in ACCOUNTS)),
            details=True,
            accounts=ACCOUNTS,
        ),
        "list_status_many": status(replace(stands, services=(replace(KNOWN, models=MANY),) * 40), details=True),
        "list_status_all_out": status(replace(stands, services=(OUT,))),
        "list_status_preview": status(replace(stands, services=(PREVIEW,), preview_only=True), details=True),
        "list_quota": listings.quota(
            QuotaAnswer(
                standings=(
                    standing(),
                    standing(scope="workspace", period="month", usd_micros_max=50_000_000, usd_micros_reserved=0),
                    standing(usd_micros_max=None, clips_max=10, period="day"),
                ),
                time_zone="Europe/Berlin",
            ),
            command="/sora",
        ),
        "list_quota_none": listings.quota(QuotaAnswer(standings=(), time_zone="UTC"), command="/sora"),
        "list_jobs": listings.jobs(
            [record(_done(number=143)), failed, record(job(number=141, order=order(prompt=NASTY)))], command="/sora"
        ),
        "list_jobs_none": listings.jobs([], command="/sora"),
        "list_jobs_ten_long": listings.jobs([record(_done(order=order(prompt=LONG)))] * 10, command="/sora"),
        "list_show": listings.shown(failed, facts(), drawn, now=NOW),
    }


def settings():
    chosen = admin.SettingsValue(
        choices=AdminChoices(version=3, admins=("U1", "U2"), channels={NoticeKind.STATUS: ("C1", "C2")}, mail=True),
        mails_to=2,
        refused={"C2": "not_in_channel"},
        bot_user_id="UBOT",
    )
    return {
        "settings_new": admin.settings_form(admin.SettingsValue(choices=AdminChoices(), by_configuration=("U1",))),
        "settings_chosen": admin.settings_form(chosen),
        "settings_saved": admin.settings_said(admin.saved_words(chosen.choices)),
        "settings_not_admin": admin.settings_said(admin.may_not_words(("U1",), command="/sora")),
        "settings_no_admin": admin.settings_said(admin.may_not_words((), command="/sora")),
    }


def forms():
    value = FormValue(draft_id="d1", offer=offer(), choices=CHOICES)
    auto = offer(model_label="Auto · Fast", model_name=None, usd_micros_is_ceiling=True)
    sound = offer(model_name="kling-pro", model_label="Kling 3 Pro", lengths_s=(5, 10), length_s=5)
    many = tuple(
        Choice(model=replace(MODELS[0], name=f"model-{each}", label=f"Model {each} " + "x" * 80), from_usd_micros=0)
        for each in range(150)
    )
    return {
        **settings(),
        "form_empty": video_form(replace(value, offer=replace(auto, wish=wish(prompt="")))),
        "form_empty_complaint": video_form(
            replace(value, offer=offer(complaints=(Complaint(problem=Problem.PROMPT_EMPTY, given=""),)))
        ),
        "form_filled": video_form(value),
        "form_auto": video_form(replace(value, offer=auto)),
        "form_more": video_form(replace(value, more=True)),
        "form_more_sound_fixed": video_form(replace(value, more=True, offer=sound)),
        "form_picture_kept": video_form(replace(value, offer=offer(wish=wish(picture_id="p1")))),
        "form_frame": video_form(replace(value, offer=offer(wish=wish(picture_id="p1")), frame=FRAME)),
        "form_frame_not_shown": video_form(
            replace(
                value,
                offer=offer(wish=wish(picture_id="p1")),
                frame=ShownFrame(name=FRAME.name, notes=(NOT_SHOWN, *FRAME.notes)),
            )
        ),
        "form_no_pictures": video_form(replace(value, takes_pictures=False)),
        "form_no_place": video_form(replace(value, has_place=False)),
        "form_thread": video_form(
            replace(value, offer=offer(wish=wish(place=Place(slack_channel_id="C1", thread_ts="1.2"))))
        ),
        "form_notice": video_form(replace(value, notice="The price is $0.90 now.", again=True)),
        "form_free": video_form(replace(value, offer=offer(usd_micros=0, free=True))),
        "form_complaint": video_form(
            replace(value, offer=offer(complaints=(Complaint(problem=Problem.NO_SERVICE, given=""),), usd_micros=0))
        ),
        "form_long_prompt": video_form(replace(value, offer=offer(wish=wish(prompt=LONG)))),
        "form_nasty_prompt": video_form(replace(value, offer=offer(wish=wish(prompt=NASTY), receives=NASTY))),
        "form_many_models": video_form(replace(value, choices=many)),
        **drawn_questions.views(),
        "form_loading": loading_view(),
        "form_done": done_view("Done."),
    }


def doubts():
    """What admins are asked and told."""
    asked, checking = attempt(state=AttemptState.INTENT), job(state=JobState.CHECKING)
    until = NOW + timedelta(days=7)

    def told(outcome, *, made=checking, **changes):
        tried = replace(asked, **changes)
        return doubt_said(DoubtAnswer(outcome=outcome, record=record(made, tried), attempt=tried))

    nasty = job(state=JobState.CHECKING, order=order(prompt=NASTY))
    nasty_facts = facts(service_label="<b>&*relay*", model_label="M<1>")
    free = replace(asked, usd_micros=0)
    return {
        "doubt_question": doubt_question(record(checking, asked), asked, facts(), given_up_at=until),
        "doubt_question_free": doubt_question(record(checking, free), free, facts(free=True), given_up_at=until),
        "doubt_question_nasty": doubt_question(record(nasty, asked), asked, nasty_facts, given_up_at=until),
        **{f"doubt_said_{each.value}": told(each) for each in DoubtOutcome},
        "doubt_said_booked_free": told(DoubtOutcome.BOOKED, usd_micros=0),
        "doubt_said_cancelled": told(DoubtOutcome.SENT_AFRESH, made=replace(checking, cancel_requested_at=NOW)),
        "doubt_said_settled_made": told(DoubtOutcome.SETTLED, state=AttemptState.UNKNOWN),
        "doubt_said_settled_not_made": told(DoubtOutcome.SETTLED, state=AttemptState.NOT_ACCEPTED),
    }


def messages():
    asked = {**drawn_questions.cards(), **drawn_questions.said()}
    return {**cards(), **said(), **lists(), **doubts(), **asked}
