"""The database of a simulated town, in memory, and an observer below the code under test.

Triggers tell of every row that changes, whoever changes it and by whichever method; what a transaction did is passed on
when it commits. The judge sees states and money there, not through the ports that a planted bug may have bent.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import LoaderCriteriaOption, ORMExecuteState, Session, with_loader_criteria
from sqlalchemy.pool import StaticPool
from sqlmodel import SQLModel, col

import bot.store.admin_settings
import bot.store.cards
import bot.store.deliveries
import bot.store.incidents
import bot.store.jobs
import bot.store.notices
import bot.store.upstreams  # noqa: F401 - with the repositories come their tables
from bot.clock import Clock
from bot.slack.ports import OpenCard, OpenCards
from bot.store.cards import StoredCards
from bot.store.engine import Store, T
from bot.store.tables.slack import CardRow
from tests.simulator.story_log import StoryLog

Notice = tuple[Any, ...]
"""(what, ...): see `_TRIGGERS`."""

_TRIGGERS = {
    "INSERT ON job": "'job', NEW.id, NEW.prompt, NEW.user_id, NEW.number, NEW.held_usd_micros",
    "UPDATE OF state ON job WHEN OLD.state <> NEW.state": "'move', NEW.id, OLD.state, NEW.state, NEW.failure",
    "UPDATE OF overdue_since ON job WHEN OLD.overdue_since IS NULL AND NEW.overdue_since IS NOT NULL": (
        "'overdue', NEW.id"
    ),
    "UPDATE OF cancel_requested_at ON job WHEN OLD.cancel_requested_at IS NULL": "'cancel', NEW.id",
    "UPDATE OF version ON job": "'shows', NEW.id",
    "INSERT ON attempt": "'attempt', NEW.id, NEW.job_id, NEW.upstream, NEW.usd_micros",
    "UPDATE OF state ON attempt WHEN OLD.state <> NEW.state": (
        "'try', NEW.id, NEW.job_id, OLD.state, NEW.state, NEW.error_kind, NEW.render_id"
    ),
    "INSERT ON ledger_entry": "'entry', NEW.job_id, NEW.kind, NEW.usd_micros, NEW.closed_usd_micros, NEW.attempt_id,"
    " NEW.user_id, NEW.slack_channel_id, NEW.day, NEW.month",
    "UPDATE ON ledger_entry": "'edited', OLD.entry_key",
    "DELETE ON ledger_entry": "'edited', OLD.entry_key",
    "UPDATE ON balance": "'balance', NEW.scope, NEW.scope_key, NEW.period,"
    " NEW.held_usd_micros + NEW.captured_usd_micros",
    **{
        f"{change} ON circuit": "'circuit', NEW.name, NEW.state, NEW.cool_off_s, NEW.retry_at, NEW.reason"
        for change in ("INSERT", "UPDATE")
    },
    "INSERT ON incident": "'incident', NEW.id, NEW.upstream, NEW.model, NEW.state",
    "UPDATE OF version ON incident": "'incident_changes', NEW.id, NEW.state, NEW.ended_at IS NULL",
    "UPDATE OF model ON incident WHEN OLD.model <> NEW.model": "'incident_grows', NEW.id, NEW.model",
    "UPDATE OF ended_at ON incident WHEN OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL": "'incident_over', NEW.id",
    "INSERT ON question": "'question', NEW.id, NEW.job_id, NEW.usd_micros, NEW.can_wait",
    "INSERT ON card": "'shows', NEW.job_id",
    "UPDATE ON card": "'shows', NEW.job_id",
}


def open_ground() -> sa.Engine:
    engine = sa.create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})

    @sa.event.listens_for(engine, "connect")
    def _settings(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        for pragma in ("foreign_keys=ON", "recursive_triggers=OFF"):
            connection.execute(f"PRAGMA {pragma}")

    SQLModel.metadata.create_all(engine)
    return engine


class Ground(Store):
    """The real store on that database. One transaction at a time, each told of when it has committed."""

    def __init__(self, log: StoryLog, told: Callable[[Notice], None]) -> None:
        super().__init__(open_ground(), writer_threads=1)
        self.live_cards: set[str] = set()
        """Cards that may have something to show: no other can be in what `Cards.open` looks for."""
        self.card_changes = 0
        self.incident_changed = asyncio.Event()
        """Set and forgotten: whoever waits for a change of any incident waits for this one."""
        self.incident_changed_s = float("-inf")
        self.is_locked = False
        """The next transaction finds the database locked for longer than it waits."""
        self._log = log
        self._told = told
        self._notices: list[Notice] = []
        sa.event.listen(self.engine, "do_execute", self._begins)
        with self.engine.connect() as connection:
            raw = connection.connection.dbapi_connection
            raw.create_function("notice", -1, lambda *what: self._notices.append(what))  # type: ignore[union-attr]
            for number, (event, what) in enumerate(_TRIGGERS.items()):
                change, _, condition = event.partition(" WHEN ")
                when = f"WHEN {condition}" if condition else ""
                raw.execute(  # type: ignore[union-attr]
                    f"CREATE TRIGGER notice{number} AFTER {change} {when} BEGIN SELECT notice({what}); END"
                )

    def transact(self, work: Callable[[Session], T]) -> T:
        self._notices.clear()
        try:
            result = super().transact(work)
        except BaseException:
            self._log.rolled_back()
            raise
        self._log.committed()
        told = sorted(self._notices, key=lambda each: each[0] != "job")  # the hold is written before its job
        self._notices.clear()
        for each in told:
            if each[0] in {"incident", "incident_changes"}:
                self.incident_changed_s = asyncio.get_running_loop().time()
                self.incident_changed.set()
                self.incident_changed = asyncio.Event()
            if each[0] == "shows":
                self.live_cards.add(each[1])
                self.card_changes += 1
            else:
                self._told(each)
        return result

    def _begins(self, _cursor: object, statement: str, _parameters: object, _context: object) -> None:
        if self.is_locked and statement.startswith("BEGIN"):
            self.is_locked = False
            locked = sqlite3.OperationalError("database is locked")
            locked.sqlite_errorcode = sqlite3.SQLITE_BUSY
            raise locked

    def look(self, work: Callable[[Session], T]) -> T:
        """For people and the judge: not a moment of any process."""
        with Session(self.engine, expire_on_commit=False) as session:
            return work(session)


ALL_CARDS = 10**6


class LiveCards(StoredCards):
    """The real cards, asked again only when a row that they show has changed: their answer depends on nothing else.

    And only about those that may have changed: the real query looks through every card there ever was, which ten
    thousand jobs cannot afford every five seconds.
    """

    def __init__(self, store: Store, ground: Ground, clock: Clock) -> None:
        super().__init__(store)
        self._ground = ground
        self._clock = clock
        self._narrow = StoredCards(_OnlyLive(store, ground), looked_at_max=ALL_CARDS)
        self._known: dict[str, tuple[int, OpenCards]] = {}

    async def teams(self) -> list[str]:
        if not self._ground.live_cards:
            return []
        changes = self._ground.card_changes
        known = [team_id for team_id, (known_at, found) in self._known.items() if found.cards or known_at != changes]
        return known or await super().teams()

    async def open(self, team_id: str, *, aside: Collection[str] = ()) -> OpenCards:
        """A card of which only the elapsed time would move counts as shown this moment: nobody reads a clock here."""
        found = await self._open(team_id)
        return replace(found, cards=tuple(self._unmoved(each) for each in found.cards if each.card.job_id not in aside))

    def _unmoved(self, each: OpenCard) -> OpenCard:
        if each.ended or each.card.shown_version < each.version:
            return each
        return replace(each, card=replace(each.card, shown_at=self._clock.now()))

    async def _open(self, team_id: str) -> OpenCards:
        changes = self._ground.card_changes
        if team_id in self._known and self._known[team_id][0] == changes:
            return self._known[team_id][1]
        asked = set(self._ground.live_cards)
        found = await self._narrow.open(team_id)
        self._ground.live_cards -= asked - {each.card.job_id for each in found.cards}
        self._known[team_id] = changes, found
        return found


class _OnlyLive(Store):
    def __init__(self, store: Store, ground: Ground) -> None:
        self.engine = store.engine
        self._store = store
        self._ground = ground

    async def read(self, work: Callable[[Session], T]) -> T:
        def narrowed(session: Session) -> T:
            live = with_loader_criteria(CardRow, col(CardRow.job_id).in_(sorted(self._ground.live_cards)))
            sa.event.listen(session, "do_orm_execute", lambda state: _restrict(state, live))
            return work(session)

        return await self._store.read(narrowed)


def _restrict(state: ORMExecuteState, live: LoaderCriteriaOption) -> None:
    state.statement = state.statement.options(live)
