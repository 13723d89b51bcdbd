"""Moving to another database: every row of ours, in one transaction, counted and added up on both sides.

The durable engine's rows stay behind. What they tell is how far each story was, and that our rows know too: the sweep
of the next start gives every job under way a new story (`job.generation`), which goes on from the job's state.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlmodel import col

from bot.store.job_rows import ENDED_STATES
from bot.store.refusals import CannotOpenError
from bot.store.tables import all_tables
from bot.store.tables.jobs import JobRow

ROWS_AT_ONCE = 500


class NotCopiedError(CannotOpenError):
    """Nothing was written; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a table holds, as far as a comparison goes."""

    rows: int
    sums: Mapping[str, int | float] = field(default_factory=dict)
    """Of each column of numbers."""

    def equals(self, other: "Content") -> bool:
        return self.rows == other.rows and all(
            math.isclose(self.sums[name], other.sums[name], rel_tol=1e-9) for name in self.sums
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    tables: Mapping[str, Content]
    under_way: int


def copy(source: sa.Connection, target: sa.Connection) -> Copied:
    """Fill an empty, migrated Postgres with what the source holds. The caller commits.

    Raises:
        NotCopiedError: the target has rows already, or does not hold the same afterwards.
    """
    target.exec_driver_sql("SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0")
    names = ", ".join(table.name for table in all_tables())
    target.exec_driver_sql(f"LOCK TABLE {names} IN SHARE ROW EXCLUSIVE MODE")
    for table in all_tables():
        if content_of(target, table).rows:
            raise NotCopiedError(
                f"That database is in use: its table {table.name} has rows. Give an empty one; nothing was written."
            )
    tables = {}
    for table in all_tables():
        for rows in _batches(source, table):
            target.execute(sa.insert(table), rows)
        tables[table.name] = content_of(source, table)
        _count_on(target, table)
        arrived = content_of(target, table)
        if not arrived.equals(tables[table.name]):
            raise NotCopiedError(
                f"The copy of {table.name} is not what the file holds ({tables[table.name].rows} rows, {arrived.rows}"
                " arrived, or their sums differ). Nothing was kept; the file is as it was."
            )
    under_way = sa.select(sa.func.count()).where(col(JobRow.state).not_in(ENDED_STATES))
    return Copied(tables=tables, under_way=target.scalar(under_way) or 0)


def content_of(connection: sa.Connection, table: sa.Table) -> Content:
    numbers = [each for each in table.columns if isinstance(each.type, (sa.Integer, sa.Float))]
    wanted = sa.select(sa.func.count(), *(sa.func.coalesce(sa.func.sum(each), 0) for each in numbers))
    rows, *sums = connection.execute(wanted.select_from(table)).one()
    exact = {
        each.name: float(value) if isinstance(each.type, sa.Float) else int(value)
        for each, value in zip(numbers, sums, strict=True)
    }
    return Content(rows=rows, sums=exact)


def _batches(source: sa.Connection, table: sa.Table) -> Iterator[list[dict[str, Any]]]:
    found = source.execution_options(yield_per=ROWS_AT_ONCE).execute(sa.select(table))
    for rows in found.mappings().partitions():
        yield [{name: _storable(value) for name, value in row.items()} for row in rows]


def _storable(value: object) -> object:
    """Postgres has no text with a NUL in it, and nobody sees one."""
    return value.replace("\0", "") if isinstance(value, str) else value


def _count_on(target: sa.Connection, table: sa.Table) -> None:
    """Numbers that the database gives out go on after those that came along."""
    for column in table.primary_key.columns:
        if column is table.autoincrement_column:
            latest = sa.select(sa.func.max(column)).scalar_subquery()
            sequence = sa.func.pg_get_serial_sequence(table.name, column.name)
            target.execute(sa.select(sa.func.setval(sequence, latest)).where(latest.is_not(None)))
