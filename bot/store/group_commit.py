"""Group commit: whoever waits for the writer shares its next transaction."""

import asyncio
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Generic, Protocol, TypeVar

from sqlalchemy.orm import Session

from bot.store.answering import DatabaseAwayError, answering

T = TypeVar("T")
Q = TypeVar("Q")
A = TypeVar("A")

TOGETHER_MAX = 50
"""Bounds how long one transaction keeps other writers out."""


class Writer(Protocol):
    """Of `engine.Store` what is needed here."""

    async def in_writer(self, work: Callable[[], T]) -> T: ...

    def transact(self, work: Callable[[Session], T]) -> T: ...


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting(Generic[Q, A]):
    question: Q
    answer: "Future[A]" = field(default_factory=Future)


class GroupCommit(Generic[Q, A]):
    """Runs `work` on what has come while the writer was busy, no two questions of one `kin` together.

    An answer is given after its commit. Where a transaction breaks on what is in it, each question gets one of its own,
    so that one that cannot be answered takes no other with it.
    """

    def __init__(
        self,
        store: Writer,
        work: Callable[[Session, Sequence[Q]], Sequence[A]],
        *,
        kin: Callable[[Q], Hashable],
        together_max: int = TOGETHER_MAX,
    ) -> None:
        self._store = store
        self._together_max = together_max
        self._work = work
        self._kin = kin
        self._waiting: list[_Waiting[Q, A]] = []
        self._lock = Lock()

    async def commit(self, question: Q) -> A:
        """Raises what `work` raises on this question, or what keeps the database from answering."""
        mine: _Waiting[Q, A] = _Waiting(question)
        with self._lock:
            self._waiting.append(mine)
        try:
            while self._is_waiting(mine):
                await asyncio.sleep(0)  # whoever is ready in this turn of the loop comes along
                await self._store.in_writer(self._serve)
            return await asyncio.shield(asyncio.wrap_future(mine.answer))
        finally:
            self._withdraw(mine)

    def _is_waiting(self, mine: _Waiting[Q, A]) -> bool:
        with self._lock:
            return mine in self._waiting

    def _withdraw(self, mine: _Waiting[Q, A]) -> None:
        """Whoever stops waiting before the writer took the question has asked nothing."""
        with self._lock:
            if mine in self._waiting:
                self._waiting.remove(mine)

    def _serve(self) -> None:
        """In a writer's thread. Nothing to do where an earlier call has served us too."""
        group = self._next_group()
        if not group:
            return
        try:
            self._answer(group)
        except DatabaseAwayError as error:
            _fail(group, error)
        except Exception as error:  # noqa: BLE001 - whose fault it was shows when each is alone
            if len(group) == 1:
                _fail(group, error)
                return
            for each in group:
                self._answer_alone(each)

    def _answer(self, group: Sequence[_Waiting[Q, A]]) -> None:
        questions = [each.question for each in group]
        answers = self._store.transact(lambda session: self._work(session, questions))
        for each, answer in zip(group, answers, strict=True):
            each.answer.set_result(answer)

    def _answer_alone(self, one: _Waiting[Q, A]) -> None:
        try:
            self._answer([one])
        except Exception as error:  # noqa: BLE001 - handed to whoever asked
            _fail([one], error)

    def _next_group(self) -> list[_Waiting[Q, A]]:
        with self._lock:
            group: dict[Hashable, _Waiting[Q, A]] = {}
            for each in self._waiting[: 2 * self._together_max]:
                if len(group) < self._together_max:
                    group.setdefault(self._kin(each.question), each)
            taken = set(group.values())
            self._waiting = [each for each in self._waiting if each not in taken]
            return list(group.values())


def _fail(group: Sequence[_Waiting[Q, A]], error: Exception) -> None:
    for each in group:
        each.answer.set_exception(error)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one of several transactions that share a commit."""

    value: Any = None
    error: Exception | None = None


def side_by_side(session: Session, works: Sequence[Callable[[Session], Any]]) -> list[Outcome]:
    """Each in a savepoint and a session of its own, so that one that raises undoes only what it did.

    Raises what says that the database is away, then none of them is committed; and what one alone raises.
    """
    if len(works) == 1:
        return [Outcome(value=works[0](session))]
    return [_in_savepoint(session, work) for work in works]


def _in_savepoint(session: Session, work: Callable[[Session], Any]) -> Outcome:
    own = Session(session.connection(), join_transaction_mode="create_savepoint", expire_on_commit=False)
    try:
        with answering(), own, own.begin():
            return Outcome(value=work(own))
    except DatabaseAwayError:
        raise
    except Exception as error:  # noqa: BLE001 - handed to whoever asked
        return Outcome(error=error)
