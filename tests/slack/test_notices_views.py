"""What every notice looks like, and that nobody needs to know our words for things to understand it."""

import json
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from test_slack_views import BAR_GLYPHS, LEFT_HAND_WORDS

from bot.slack.admin_ports import ClaimOutcome
from bot.slack.matters import Matter
from bot.slack.views import admin
from bot.slack.views.incident import Troubled, moving_told, reminder_told, removed_told, state_told, trouble_told
from bot.slack.views.purse import Endings, Heir, Purse, Spent, budget_told, endings_told, purse_told
from bot.slack.views.told import SLACK, plain
from bot.upstreams.health import HealthState
from bot.upstreams.incidents import Incident

AT = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
NASTY = "Kling <!channel> *bold* <https://evil|x>"
STATES = (
    HealthState.DEGRADED,
    HealthState.RISK_CONTROL,
    HealthState.SUSPENDED,
    HealthState.MAINTENANCE,
    HealthState.RETIRED,
)
CAUSES = {
    HealthState.RISK_CONTROL: "moderation",
    HealthState.SUSPENDED: "unreachable",
    HealthState.MAINTENANCE: "",
    HealthState.RETIRED: "retired",
}


def troubled(state=HealthState.SUSPENDED, *, cause=None, ended=False, label="Kling", **more):
    incident = Incident(
        id=1,
        upstream="kling",
        model="kling-3-pro" if more.pop("one_model", False) else "",
        state=state,
        cause=CAUSES.get(state, "") if cause is None else cause,
        started_at=AT,
        ended_at=AT + timedelta(minutes=38) if ended else None,
        last_changed_at=AT,
        jobs_moved=more.pop("jobs_moved", 0),
        extra_usd_micros=more.pop("extra_usd_micros", 0),
        page_words=more.pop("page_words", ""),
    )
    matter = Matter(upstream="kling", incidents=(incident,))
    others = more.pop("others", ("fal", "Runway"))
    return Troubled(matter=matter, label=label, models=("Kling 3 Pro",) if incident.model else (), others=others)


def spent(**more):
    values = {
        "slack_channel_id": "",
        "bound": 50_000_000,
        "used": 35_600_000,
        "reserved": 2_000_000,
        "in_clips": False,
        "share": 75,
        "lasts_until": date(2026, 11, 27),
        "resets_at": datetime(2026, 12, 1, tzinfo=UTC),
    }
    return Spent(**(values | more))


HEIRS = (
    Heir(of="Veo 3.1", model="Veo 3.1", service="fal", is_same=True),
    Heir(of="Veo 3.1 Fast", model="Kling 3", service="Kling", is_same=False),
)
MOVED = {"jobs_moved": 3, "extra_usd_micros": 400_000}
PAGE = 'Its own page says: "Elevated error rates". That fits what we see.'
PURSE = Purse(service="Fal", left_usd_micros=3_100_000, videos=4, read_at=AT, topped_up=False)


def told(pen):
    ends = AT + timedelta(days=7)
    return {
        **{f"notice_{each}": trouble_told(troubled(each), pen) for each in STATES},
        **{f"notice_thread_{each}": state_told(troubled(each), pen) for each in STATES},
        "notice_developed": trouble_told(troubled(page_words=PAGE, **MOVED), pen),
        "notice_key": trouble_told(troubled(cause="auth"), pen),
        "notice_money": trouble_told(troubled(cause="quota", others=()), pen),
        "notice_model": trouble_told(troubled(one_model=True), pen),
        "notice_nasty": trouble_told(troubled(label=NASTY, page_words=NASTY), pen),
        "notice_over": trouble_told(troubled(ended=True, **MOVED), pen),
        "notice_over_maintenance": trouble_told(troubled(HealthState.MAINTENANCE, ended=True), pen),
        "notice_removed": removed_told(troubled(ended=True, jobs_moved=1), pen),
        "notice_reminder": reminder_told(troubled(jobs_moved=3), pen),
        "notice_moving": moving_told(troubled(**MOVED), pen),
        "notice_moving_over": moving_told(troubled(ended=True, **MOVED), pen),
        "notice_budget": budget_told(spent(), pen),
        "notice_budget_month": budget_told(spent(share=50, used=26_000_000, reserved=0, lasts_until=None), pen),
        "notice_budget_channel": budget_told(spent(slack_channel_id="C1", share=90, used=45_500_000), pen),
        "notice_budget_clips": budget_told(spent(in_clips=True, bound=100, used=51, reserved=1, share=50), pen),
        "notice_ending": endings_told(
            Endings(service="Google", models=("Veo 3.1", "Veo 3.1 Fast"), heirs=HEIRS, ends_at=ends, days=7), pen
        ),
        "notice_ending_alone": endings_told(
            Endings(service="Google", models=("Veo 3.1",), heirs=(), ends_at=AT + timedelta(days=1), days=1), pen
        ),
        "notice_balance": purse_told(PURSE, pen),
        "notice_balance_over": purse_told(Purse(**{**_fields(PURSE), "topped_up": True}), pen),
    }


def _fields(value):
    return {name: getattr(value, name) for name in type(value).__dataclass_fields__}


NOTICES = told(SLACK)
MAILS = told(plain(ZoneInfo("Europe/Berlin")))


@pytest.mark.parametrize("name", NOTICES)
def test_a_notice_looks_as_agreed(name, golden):
    drawn = NOTICES[name].message()
    golden(name, {"text": drawn.text, "blocks": drawn.blocks})


@pytest.mark.parametrize("name", NOTICES)
def test_a_notice_needs_none_of_our_words(name):
    subject, mail = MAILS[name].mail()
    drawn = NOTICES[name].message()
    for text in (drawn.text, json.dumps(drawn.blocks), subject, mail):
        assert not LEFT_HAND_WORDS.search(text), text
        assert not BAR_GLYPHS.search(text)
    assert drawn.text.endswith((".", "!"))
    assert len(drawn.text) < 4000


@pytest.mark.parametrize("outcome", ClaimOutcome)
def test_every_answer_to_a_code_is_a_sentence(outcome):
    said = admin.claim_said(outcome, ("U1",), command="/sora")
    assert said.text.endswith(".")
    assert not LEFT_HAND_WORDS.search(said.text)


def test_a_services_name_and_its_pages_words_can_neither_ping_nor_link():
    drawn = json.dumps(NOTICES["notice_nasty"].message().blocks)
    assert "<!channel>" not in drawn
    assert "<https://evil" not in drawn
    assert "://evil" not in drawn


def test_an_email_says_the_same_in_plain_words_with_the_workspaces_time():
    subject, text = MAILS["notice_over"].mail()
    assert subject == "Kling works again."
    assert "From 2026-11-21 10:00 CET to 2026-11-21 10:38 CET." in text
    assert "3 videos moved to another service, for $0.40 more in all." in text
    assert not any(mark in text for mark in ("<!date", "*", "<#", "\u2060"))
