"""Money on both databases, with connections of its own per thread."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier
from typing import Any
from zoneinfo import ZoneInfo

import databases
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlmodel import SQLModel

from bot.quota.ledger import EntryKind
from bot.quota.limits import Limit, OverLimit, ScopeKind, Standing
from bot.quota.periods import Span
from bot.store import ledger, quota
from bot.store.balances import payers_of
from bot.store.postgres import postgres_engine
from bot.store.tables.quota import BalanceRow, LedgerEntryRow

NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
USD = 1_000_000
LIMITS = (
    Limit(scope=ScopeKind.PERSON, span=Span.DAY, usd_micros=5 * USD),
    Limit(scope=ScopeKind.WORKSPACE, span=Span.MONTH, usd_micros=50 * USD),
)


class Money:
    """A database with one transaction per call."""

    def __init__(
        self,
        path: Path,
        *,
        kind: databases.Kind = databases.Kind.SQLITE,
        isolation: str = "IMMEDIATE",
        limits: tuple[Limit, ...] = LIMITS,
    ) -> None:
        self.limits = limits
        url = databases.url_for(path, kind)
        if kind is databases.Kind.POSTGRES:
            self.engine = postgres_engine(url, connections=12)
            return
        self.engine = sa.create_engine(
            url, connect_args={"isolation_level": isolation, "timeout": 30}, poolclass=sa.NullPool
        )
        # What a power cut would take is not asked here; the file, its locks and its journal are real.
        sa.event.listen(self.engine, "connect", lambda raw, _: raw.execute("PRAGMA synchronous=OFF"))
        with self.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA journal_mode=WAL")
        SQLModel.metadata.create_all(
            self.engine, tables=[SQLModel.metadata.tables["balance"], SQLModel.metadata.tables["ledger_entry"]]
        )

    def transact(self, work: Callable[..., Any], **given: Any) -> Any:
        with Session(self.engine) as session, session.begin():
            return work(session, **given)

    def hold(
        self, job: str, usd_micros: int, *, user: str = "U1", channel: str = "C1", team: str = "T1", now: datetime = NOW
    ) -> ledger.Held | OverLimit:
        answer: ledger.Held | OverLimit = self.transact(
            hold,
            team_id=team,
            job_id=job,
            user_id=user,
            slack_channel_id=channel,
            usd_micros=usd_micros,
            limits=self.limits,
            now=now,
            tz=BERLIN,
        )
        return answer

    def capture(self, job: str, attempt: str, usd_micros: int, now: datetime = NOW) -> bool:
        return bool(self.transact(quota.capture, job_id=job, attempt_id=attempt, usd_micros=usd_micros, now=now))

    def possibly_paid(self, job: str, attempt: str, usd_micros: int) -> bool:
        return bool(
            self.transact(quota.book_possibly_paid, job_id=job, attempt_id=attempt, usd_micros=usd_micros, now=NOW)
        )

    def release(self, job: str) -> bool:
        return bool(self.transact(quota.release, job_id=job, now=NOW))

    def standing(self, *, user: str = "U1", team: str = "T1", now: datetime = NOW) -> tuple[Standing, ...]:
        found: tuple[Standing, ...] = self.transact(
            quota.standing,
            team_id=team,
            user_id=user,
            slack_channel_id="C1",
            limits=self.limits,
            now=now,
            tz=BERLIN,
        )
        return found

    def recompute(self, team: str = "T1") -> tuple[ledger.Discrepancy, ...]:
        found: tuple[ledger.Discrepancy, ...] = self.transact(ledger.recompute, team_id=team)
        return found

    def rows(self) -> list[tuple[Any, ...]]:
        """Everything there is, to see that nothing changed."""
        with self.engine.connect() as connection:
            tables = (BalanceRow.__table__, LedgerEntryRow.__table__)
            found = {str(table): [tuple(row) for row in connection.execute(sa.select(table))] for table in tables}
        return [row for table in tables for row in sorted(found[str(table)], key=str)]


def hold(
    session: Session,
    *,
    team_id: str,
    job_id: str,
    user_id: str,
    slack_channel_id: str,
    usd_micros: int,
    limits: tuple[Limit, ...],
    now: datetime,
    tz: ZoneInfo,
) -> ledger.Held | OverLimit:
    payers = payers_of(team_id=team_id, user_id=user_id, slack_channel_id=slack_channel_id, now=now, tz=tz)
    wanted = ledger.Held(job_id=job_id, payers=payers, usd_micros=usd_micros)
    holds = quota.Holds(session, [wanted], limits=limits, tz=tz)
    answer = holds.ask(wanted, now=now)
    holds.write()
    return answer


@pytest.fixture(params=list(databases.Kind), ids=str)
def money(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Money]:
    opened = Money(tmp_path / "money.sqlite", kind=request.param)
    yield opened
    opened.engine.dispose()


def test_a_hold_is_reserved_a_capture_is_used_and_a_release_is_neither(money: Money) -> None:
    held = money.hold("a", 800_000)
    assert isinstance(held, ledger.Held)
    assert (held.payers.day, held.payers.month) == ("2026-11-21", "2026-11")
    money.hold("b", 500_000)
    day, month = money.standing()
    assert (day.usd_micros_reserved, day.usd_micros_used, day.usd_micros_left) == (1_300_000, 0, 3_700_000)
    assert (month.usd_micros_reserved, month.usd_micros_left) == (1_300_000, 48_700_000)
    assert money.capture("a", "try1", 700_000)
    assert money.release("b")
    day, _ = money.standing()
    assert (day.usd_micros_reserved, day.usd_micros_used, day.clips_used, day.clips_reserved) == (0, 700_000, 1, 0)


def test_what_does_not_fit_is_refused_and_reserves_nothing(money: Money) -> None:
    money.hold("a", 4 * USD)
    over = money.hold("b", 2 * USD)
    assert isinstance(over, OverLimit)
    assert over.standing.limit == LIMITS[0]
    assert over.affordable_usd_micros == USD
    assert money.standing()[0].usd_micros_reserved == 4 * USD
    assert isinstance(money.hold("c", USD), ledger.Held)


def test_every_repetition_gives_the_same_answer_and_changes_nothing(money: Money) -> None:
    first = money.hold("a", 800_000)
    before = money.rows()
    assert money.hold("a", 800_000) == first
    assert money.rows() == before
    assert money.capture("a", "try1", 700_000)
    before = money.rows()
    assert not money.capture("a", "try1", 700_000)
    assert not money.release("a")
    assert not money.possibly_paid("a", "try1", 700_000)
    assert money.rows() == before


def test_a_repeated_hold_is_answered_even_when_the_limit_is_full_by_then(money: Money) -> None:
    first = money.hold("a", 5 * USD)
    assert isinstance(first, ledger.Held)
    assert money.hold("a", 5 * USD) == first


def test_a_hold_repeated_the_next_day_is_still_yesterdays(money: Money) -> None:
    first = money.hold("a", 800_000)
    tomorrow = NOW + timedelta(days=1)
    assert money.hold("a", 800_000, now=tomorrow) == first
    assert money.standing(now=tomorrow)[0].usd_micros_reserved == 0
    assert money.recompute() == ()


def test_a_capture_in_the_next_month_books_to_the_month_of_its_hold(money: Money) -> None:
    money.hold("a", 800_000, now=datetime(2026, 11, 30, 22, 59, tzinfo=UTC))
    december = datetime(2026, 11, 30, 23, 5, tzinfo=UTC)
    assert money.capture("a", "try1", 800_000, now=december)
    assert [each.usd_micros_used for each in money.standing(now=december)] == [0, 0]
    november = money.standing(now=datetime(2026, 11, 30, 22, tzinfo=UTC))
    assert [each.usd_micros_used for each in november] == [800_000, 800_000]


def test_a_capture_above_the_hold_is_booked_though_it_passes_the_limit(money: Money) -> None:
    money.hold("a", 5 * USD)
    assert money.capture("a", "try1", 5_200_000)
    day, _ = money.standing()
    assert (day.usd_micros_used, day.usd_micros_left) == (5_200_000, 0)
    assert isinstance(money.hold("b", 1), OverLimit)
    assert isinstance(money.hold("c", 0), ledger.Held)


def test_a_late_video_of_a_released_job_is_paid_and_reopens_nothing(money: Money) -> None:
    money.hold("a", 800_000)
    money.release("a")
    assert money.capture("a", "try1", 800_000)
    day, _ = money.standing()
    assert (day.usd_micros_used, day.usd_micros_reserved, day.clips_reserved) == (800_000, 0, 0)


def test_two_services_that_both_rendered_one_job_are_both_paid(money: Money) -> None:
    money.hold("a", 800_000)
    assert money.possibly_paid("a", "try1", 800_000)
    assert money.capture("a", "try2", 600_000)
    day, _ = money.standing()
    assert (day.usd_micros_used, day.usd_micros_reserved, day.clips_used) == (1_400_000, 0, 2)
    assert money.recompute() == ()


def test_a_video_booked_as_possibly_paid_is_not_paid_again_when_it_turns_up(money: Money) -> None:
    money.hold("a", 800_000)
    assert money.possibly_paid("a", "try1", 800_000)
    assert not money.capture("a", "try1", 800_000)
    assert money.standing()[0].usd_micros_used == 800_000


@pytest.mark.parametrize("move", [quota.capture, quota.book_possibly_paid, quota.release])
def test_money_of_a_job_without_a_hold_does_not_move(money: Money, move: Callable[..., bool]) -> None:
    attempt = {} if move is quota.release else {"attempt_id": "try1", "usd_micros": 1}
    with pytest.raises(ledger.NoHoldError):
        money.transact(move, job_id="nobody", now=NOW, **attempt)


@pytest.mark.parametrize("move", [quota.capture, quota.book_possibly_paid])
def test_a_negative_amount_is_a_bug(money: Money, move: Callable[..., bool]) -> None:
    money.hold("a", 1)
    with pytest.raises(ValueError, match="below zero"):
        money.transact(move, job_id="a", attempt_id="try1", usd_micros=-1, now=NOW)


def test_a_transaction_that_is_rolled_back_reserves_nothing(money: Money) -> None:
    def fails(session: Session) -> None:
        hold(
            session,
            team_id="T1",
            job_id="a",
            user_id="U1",
            slack_channel_id="C1",
            usd_micros=USD,
            limits=LIMITS,
            now=NOW,
            tz=BERLIN,
        )
        raise RuntimeError("the job's row could not be written")

    with pytest.raises(RuntimeError):
        money.transact(fails)
    assert money.rows() == []


def test_workspaces_do_not_share_a_limit(money: Money) -> None:
    money.hold("a", 5 * USD)
    assert isinstance(money.hold("b", 5 * USD, team="T2"), ledger.Held)


def test_a_limit_set_today_counts_what_was_spent_before_it(money: Money) -> None:
    money.hold("a", 2 * USD)
    money.limits = (Limit(scope=ScopeKind.SLACK_CHANNEL, span=Span.MONTH, usd_micros=3 * USD),)
    assert isinstance(money.hold("b", 2 * USD, user="U2"), OverLimit)
    assert isinstance(money.hold("c", 2 * USD, user="U2", channel="C2"), ledger.Held)


def test_the_database_itself_refuses_a_second_close_and_a_second_line_of_one_key(money: Money) -> None:
    money.hold("a", 800_000)
    money.capture("a", "try1", 800_000)

    def again(session: Session, *, entry_key: str, closes: str | None) -> None:
        line = session.get_one(LedgerEntryRow, "a:try1:capture").model_dump()
        session.execute(sa.insert(LedgerEntryRow).values(**(line | {"entry_key": entry_key, "closes": closes})))

    with pytest.raises(IntegrityError):
        money.transact(again, entry_key="a:release", closes="a:hold")
    with pytest.raises(IntegrityError):
        money.transact(again, entry_key="a:try1:capture", closes=None)


def test_an_audit_finds_a_balance_that_somebody_changed(money: Money) -> None:
    money.hold("a", 800_000)
    assert money.recompute() == ()

    def tamper(session: Session) -> None:
        session.execute(sa.update(BalanceRow).where(sa.column("scope") == "person").values(captured_usd_micros=7))

    money.transact(tamper)
    found = money.recompute()
    assert [each.key.period for each in found] == ["2026-11", "2026-11-21"]
    assert {each.key.scope.kind for each in found} == {ScopeKind.PERSON}
    assert all(each.stored == replace(each.recomputed, captured_usd_micros=7) for each in found)


@pytest.mark.parametrize("isolation", ["IMMEDIATE", "DEFERRED", "postgres"])
@pytest.mark.parametrize(
    "limit",
    [
        Limit(scope=ScopeKind.WORKSPACE, span=Span.MONTH, clips=10),
        Limit(scope=ScopeKind.WORKSPACE, span=Span.DAY, usd_micros=10 * USD + USD // 2),
    ],
)
def test_forty_orders_at_once_against_a_limit_of_ten_leave_exactly_ten(
    tmp_path: Path, isolation: str, limit: Limit
) -> None:
    kind = databases.Kind.POSTGRES if isolation == "postgres" else databases.Kind.SQLITE
    money = Money(tmp_path / "money.sqlite", kind=kind, isolation=isolation, limits=(limit,))
    start = Barrier(40)

    def order(number: int) -> ledger.Held | OverLimit:
        start.wait()
        return money.hold(f"job{number}", USD, user=f"U{number % 3}", channel=f"C{number % 4}")

    with ThreadPoolExecutor(40) as threads:
        answers = list(threads.map(order, range(40)))
    assert sum(isinstance(answer, ledger.Held) for answer in answers) == 10
    assert money.standing()[0].usd_micros_reserved == 10 * USD
    assert money.recompute() == ()
    money.engine.dispose()


def test_a_hold_closed_from_two_threads_at_once_is_closed_once(money: Money) -> None:
    money.hold("a", 800_000)
    start = Barrier(12)

    def close(number: int) -> bool:
        start.wait()
        return money.release("a") if number % 2 else money.capture("a", "try1", 800_000)

    with ThreadPoolExecutor(12) as threads:
        moved = list(threads.map(close, range(12)))
    captured = money.standing()[0].usd_micros_used
    assert captured == 800_000
    assert sum(moved[0::2]) == 1
    assert sum(moved[1::2]) <= 1
    assert money.standing()[0].usd_micros_reserved == 0
    assert money.recompute() == ()


@dataclass
class Story:
    """What the books should hold for one job."""

    answer: ledger.Held | OverLimit
    user: str
    closed: bool = False
    spent: int = 0


class MoneyMachine(RuleBasedStateMachine):
    """Random orders, captures, releases and replays by three people, over days and months."""

    jobs = Bundle("jobs")
    limits = (
        Limit(scope=ScopeKind.PERSON, span=Span.DAY, usd_micros=50, clips=6),
        Limit(scope=ScopeKind.SLACK_CHANNEL, span=Span.DAY, usd_micros=70),
        Limit(scope=ScopeKind.WORKSPACE, span=Span.MONTH, usd_micros=120),
    )

    @initialize()
    def open(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="sora-money-"))
        self.money = Money(self.folder / "money.sqlite", limits=self.limits)
        self.now = datetime(2026, 10, 24, 20, tzinfo=UTC)
        self.stories: dict[str, Story] = {}
        self.over_hold = 0

    @rule(hours=st.sampled_from([1, 5, 23, 24, 24 * 8]))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @rule(target=jobs, usd_micros=st.integers(0, 40), user=st.sampled_from(["U1", "U2", "U3"]))
    def order(self, usd_micros: int, user: str) -> str:
        job = f"job{len(self.stories)}"
        answer = self.money.hold(job, usd_micros, user=user, now=self.now)
        self.stories[job] = Story(answer=answer, user=user)
        if isinstance(answer, ledger.Held):
            self.check_limits_hold()
        return job

    @rule(job=jobs)
    def order_again(self, job: str) -> None:
        story = self.stories[job]
        if isinstance(story.answer, ledger.Held):
            before = self.ledger()
            assert self.money.hold(job, 999, user=story.user, now=self.now) == story.answer
            assert self.ledger() == before

    @rule(
        job=jobs,
        attempt=st.sampled_from(["x", "y"]),
        usd_micros=st.integers(0, 60),
        kind=st.sampled_from(["paid", "?"]),
    )
    def capture(self, job: str, attempt: str, usd_micros: int, kind: str) -> None:
        story = self.stories[job]
        if not isinstance(story.answer, ledger.Held):
            return
        before = self.ledger()
        known = f"{job}:{attempt}:capture" in before
        move = self.money.possibly_paid if kind == "?" else self.money.capture
        assert move(job, attempt, usd_micros) is not known
        if known:
            assert self.ledger() == before
            return
        self.over_hold += max(0, usd_micros - (0 if story.closed else story.answer.usd_micros))
        story.closed = True
        story.spent += usd_micros

    @rule(job=jobs)
    def release(self, job: str) -> None:
        story = self.stories[job]
        if isinstance(story.answer, ledger.Held):
            before = self.ledger()
            assert self.money.release(job) is not story.closed
            assert not story.closed or self.ledger() == before
            story.closed = True

    @invariant()
    def balances_are_what_the_ledger_adds_up_to(self) -> None:
        assert self.money.recompute() == ()

    @invariant()
    def a_hold_is_closed_at_most_once_and_spent_is_what_was_captured(self) -> None:
        lines = self.ledger()
        for job, story in self.stories.items():
            own = [line for line in lines.values() if line.job_id == job]
            assert sum(line.closes is not None for line in own) == int(story.closed)
            spent = [line for line in own if line.kind in {EntryKind.CAPTURE, EntryKind.POSSIBLY_PAID}]
            assert sum(line.usd_micros for line in spent) == story.spent

    def check_limits_hold(self) -> None:
        """What was accepted fits; only real prices above their holds, or paid after them, can lie beyond."""
        for user in ("U1", "U2", "U3"):
            for each in self.money.standing(user=user, now=self.now):
                taken = each.usd_micros_used + each.usd_micros_reserved
                assert taken <= (each.limit.usd_micros or 0) + self.over_hold

    def ledger(self) -> dict[str, LedgerEntryRow]:
        with Session(self.money.engine) as session:
            rows = session.scalars(sa.select(LedgerEntryRow)).all()
            return {row.entry_key: LedgerEntryRow.model_validate(row.model_dump()) for row in rows}

    def teardown(self) -> None:
        if hasattr(self, "money"):
            self.money.engine.dispose()
            shutil.rmtree(self.folder)


TestMoney = MoneyMachine.TestCase
TestMoney.settings = settings(
    max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
