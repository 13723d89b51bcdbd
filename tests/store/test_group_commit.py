"""Those who wait for the writer share its next transaction, and nobody pays for a neighbour's trouble."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from threading import Event

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.store.answering import DatabaseAwayError
from bot.store.engine import Store, open_engine
from bot.store.group_commit import TOGETHER_MAX, GroupCommit

NOTE = sa.Table("note", sa.MetaData(), sa.Column("id", sa.String, primary_key=True))


class Notes:
    """Writes what it is asked to and remembers who came together."""

    def __init__(self, store: Store) -> None:
        self.groups: list[list[str]] = []
        self.away = False
        self.store = store
        self.commits = GroupCommit(store, self._write, kin=lambda note: note[0])

    def _write(self, session: Session, notes: Sequence[str]) -> list[str]:
        self.groups.append(list(notes))
        if self.away:
            raise DatabaseAwayError(OSError("the connection broke in the middle"))
        session.execute(sa.insert(NOTE), [{"id": note} for note in notes])
        return [f"wrote {note}" for note in notes]

    async def there(self) -> set[str]:
        return set(await self.store.read(lambda session: session.scalars(sa.select(NOTE.c.id)).all()))

    async def ask_while_the_writer_is_busy(self, *notes: str) -> "list[asyncio.Task[str]]":
        """The writer is free again once all of them wait."""
        free = Event()
        busy = asyncio.ensure_future(self.store.in_writer(free.wait))
        asked = [asyncio.ensure_future(self.commits.commit(note)) for note in notes]
        for _ in range(3):
            await asyncio.sleep(0)
        free.set()
        await busy
        return asked


@pytest.fixture
async def notes(database_url: str) -> AsyncIterator[Notes]:
    store = Store(open_engine(database_url, busy_timeout_ms=5000), writer_threads=1)
    await store.write(lambda session: NOTE.create(session.connection(), checkfirst=True))
    yield Notes(store)
    store.close()


async def test_those_who_wait_are_written_in_one_transaction_and_answered_each(notes: Notes) -> None:
    asked = await notes.ask_while_the_writer_is_busy("a1", "b1", "c1")
    assert await asyncio.gather(*asked) == ["wrote a1", "wrote b1", "wrote c1"]
    assert (notes.groups, await notes.there()) == ([["a1", "b1", "c1"]], {"a1", "b1", "c1"})


async def test_two_of_one_kin_are_never_together_and_keep_their_sequence(notes: Notes) -> None:
    asked = await notes.ask_while_the_writer_is_busy("a1", "a2", "b1", "a3")
    await asyncio.gather(*asked)
    assert notes.groups == [["a1", "b1"], ["a2"], ["a3"]]


async def test_a_group_has_a_largest_size(notes: Notes) -> None:
    asked = await notes.ask_while_the_writer_is_busy(*(f"{chr(500 + number)}1" for number in range(TOGETHER_MAX + 7)))
    await asyncio.gather(*asked)
    assert [len(group) for group in notes.groups] == [TOGETHER_MAX, 7]


async def test_one_that_cannot_be_written_takes_no_other_with_it(notes: Notes) -> None:
    await notes.commits.commit("b1")
    asked = await notes.ask_while_the_writer_is_busy("a1", "b1", "c1")
    first, second, third = await asyncio.gather(*asked, return_exceptions=True)
    assert (first, third) == ("wrote a1", "wrote c1")
    assert isinstance(second, IntegrityError)
    assert await notes.there() == {"a1", "b1", "c1"}


async def test_a_database_that_does_not_answer_is_not_asked_once_per_question(notes: Notes) -> None:
    notes.away = True
    asked = await notes.ask_while_the_writer_is_busy("a1", "b1")
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert all(isinstance(each, DatabaseAwayError) for each in answers)
    assert notes.groups == [["a1", "b1"]]


async def test_who_stops_waiting_before_the_writer_came_has_asked_nothing(notes: Notes) -> None:
    free = Event()
    busy = asyncio.ensure_future(notes.store.in_writer(free.wait))
    left, stays = (asyncio.ensure_future(notes.commits.commit(note)) for note in ("a1", "b1"))
    for _ in range(3):
        await asyncio.sleep(0)
    left.cancel()
    await asyncio.gather(left, return_exceptions=True)
    free.set()
    await busy
    assert (await stays, await notes.there()) == ("wrote b1", {"b1"})


async def test_ordinary_transactions_that_wait_share_a_commit_and_one_that_raises_undoes_only_its_own(
    notes: Notes,
) -> None:
    commits: list[object] = []
    sa.event.listen(notes.store.engine, "commit", commits.append)

    def writes(note: str, *, breaks: bool = False) -> "asyncio.Task[str]":
        def work(session: Session) -> str:
            session.execute(sa.insert(NOTE).values(id=note))
            if breaks:
                raise LookupError(note)
            return note

        return asyncio.ensure_future(notes.store.write(work))

    free = Event()
    busy = asyncio.ensure_future(notes.store.in_writer(free.wait))
    asked = [writes("a"), writes("b", breaks=True), writes("a"), *(writes(f"c{number}") for number in range(9))]
    for _ in range(3):
        await asyncio.sleep(0)
    free.set()
    await busy
    first, broken, twice, *others = await asyncio.gather(*asked, return_exceptions=True)
    assert (first, str(broken), type(broken), type(twice)) == ("a", "b", LookupError, IntegrityError)
    assert others == [f"c{number}" for number in range(9)]
    assert await notes.there() == {"a", *others}
    assert len(commits) == 1


async def test_one_that_is_alone_and_raises_is_run_once_and_undone(notes: Notes) -> None:
    runs: list[str] = []

    def work(session: Session) -> None:
        runs.append("a")
        session.execute(sa.insert(NOTE).values(id="a"))
        raise LookupError("a")

    with pytest.raises(LookupError):
        await notes.store.write(work)
    assert (runs, await notes.there()) == (["a"], set())
