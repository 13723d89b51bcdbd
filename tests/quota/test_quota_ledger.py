from hypothesis import given
from hypothesis import strategies as st

from bot.quota.ledger import Balance, Entry, EntryKind, apply, capture_key, hold_key, recomputed, release_key


def held(usd_micros: int, job: str = "j") -> Entry:
    return Entry(key=hold_key(job), kind=EntryKind.HOLD, usd_micros=usd_micros)


def captured(usd_micros: int, *, closes: int | None, attempt: str = "a") -> Entry:
    return Entry(key=capture_key("j", attempt), kind=EntryKind.CAPTURE, usd_micros=usd_micros, closed_usd_micros=closes)


def released(usd_micros: int) -> Entry:
    return Entry(key=release_key("j"), kind=EntryKind.RELEASE, usd_micros=usd_micros, closed_usd_micros=usd_micros)


def test_keys_are_what_the_database_holds_unique() -> None:
    assert (hold_key("j"), capture_key("j", "a"), release_key("j")) == ("j:hold", "j:a:capture", "j:release")


def test_a_hold_reserves_and_its_capture_spends_the_real_price() -> None:
    balance = recomputed([held(800)])
    assert balance == Balance(held_usd_micros=800, held_clips=1)
    assert apply(balance, captured(500, closes=800)) == Balance(captured_usd_micros=500, captured_clips=1)


def test_a_capture_above_the_hold_is_booked_in_full() -> None:
    assert recomputed([held(800), captured(900, closes=800)]) == Balance(captured_usd_micros=900, captured_clips=1)


def test_a_release_gives_everything_back() -> None:
    assert recomputed([held(800), released(800)]) == Balance()


def test_possibly_paid_counts_as_spent() -> None:
    lost = Entry(key=capture_key("j", "a"), kind=EntryKind.POSSIBLY_PAID, usd_micros=800, closed_usd_micros=800)
    assert recomputed([held(800), lost]) == Balance(captured_usd_micros=800, captured_clips=1)


def test_a_late_video_after_the_close_is_spent_on_top() -> None:
    lines = [held(800), captured(800, closes=800), captured(700, closes=None, attempt="b")]
    assert recomputed(lines) == Balance(captured_usd_micros=1500, captured_clips=2)
    assert recomputed([held(800), released(800), captured(700, closes=None)]) == Balance(
        captured_usd_micros=700, captured_clips=1
    )


@given(lines=st.permutations([held(800), held(300, "k"), captured(900, closes=800), captured(5, closes=None)]))
def test_the_sum_does_not_depend_on_the_order_of_lines(lines: list[Entry]) -> None:
    assert recomputed(lines) == Balance(held_usd_micros=300, captured_usd_micros=905, held_clips=1, captured_clips=2)
