"""Which card is written next, and when."""

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from virtual_clock import START as NOW

from bot.slack import pacing
from bot.slack.pacing import Act, Errand
from bot.slack.ports import POSTS_MAX, Card, CardState, OpenCard

CARD = Card(
    job_id="j",
    team_id="T1",
    slack_channel_id="C1",
    asked_thread_ts=None,
    ts="1.1",
    state=CardState.POSTED,
    posts=1,
    shown_version=1,
    shown_at=NOW,
)


def behind(job_id: str = "j", *, ended: bool = False, **card: object) -> OpenCard:
    return OpenCard(card=replace(CARD, job_id=job_id, **card), version=2, ended=ended, removed=False)


def next_errand(cards: list[OpenCard], *, now: datetime) -> Errand | None:
    return pacing.next_errand(cards, unended=sum(not each.ended for each in cards), now=now)


def test_spacing_grows_with_the_jobs_that_run() -> None:
    for running, seconds in [(1, 4.0), (2, 4.0), (10, 15.0), (40, 60.0)]:
        errand = next_errand([behind(f"j{n}") for n in range(running)], now=NOW)
        assert errand is not None
        assert errand.due_at - NOW == timedelta(seconds=seconds)


def test_an_end_waits_a_second_and_goes_before_what_is_older() -> None:
    cards = [behind("old", shown_at=NOW - timedelta(hours=1)), behind("end", ended=True)]
    later = next_errand(cards, now=NOW + timedelta(seconds=1))
    assert later is not None
    assert later.card.card.job_id == "end"


def test_a_card_of_unknown_fate_waits_for_the_end() -> None:
    assert next_errand([behind(state=CardState.UNKNOWN)], now=NOW) is None
    errand = next_errand([behind(state=CardState.UNKNOWN, ended=True)], now=NOW)
    assert errand is not None
    assert errand.act is Act.POST


def test_an_intent_nobody_answers_for_counts_as_unknown_after_a_minute() -> None:
    errand = next_errand([behind(state=CardState.INTENT, intent_at=NOW, ended=True)], now=NOW)
    assert errand is not None
    assert errand.due_at == NOW + timedelta(seconds=60)


def test_nobody_gets_a_third_message() -> None:
    for state in (CardState.UNKNOWN, CardState.GONE, CardState.INTENT):
        for ended in (True, False):
            assert next_errand([behind(state=state, ended=ended, posts=POSTS_MAX)], now=NOW) is None


def test_what_was_taken_away_is_not_replaced() -> None:
    card = replace(behind(state=CardState.GONE, ended=True), removed=True)
    assert next_errand([card], now=NOW) is None


@given(
    st.lists(
        st.tuples(st.booleans(), st.integers(0, 120), st.sampled_from([CardState.POSTED, CardState.GONE])),
        max_size=30,
    )
)
def test_whatever_is_due_is_chosen_and_ends_are_chosen_first(rows: list[tuple[bool, int, CardState]]) -> None:
    cards = [
        behind(f"j{n}", ended=ended, state=state, shown_at=NOW - timedelta(seconds=age))
        for n, (ended, age, state) in enumerate(rows)
    ]
    errand = next_errand(cards, now=NOW)
    assert (errand is None) == (not cards)
    if errand is not None and errand.due_at <= NOW and not errand.card.ended:
        ends = [next_errand([each], now=NOW) for each in cards if each.ended]
        assert all(end is not None and end.due_at > NOW for end in ends)
