"""Stops whoever commits a certain row at the very moment of its commit, from outside: the window before an effect."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
from faults.replicas import until

GATE = 20261121
MAKE = """
CREATE OR REPLACE FUNCTION sora_gate() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN PERFORM pg_advisory_xact_lock_shared({gate}); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER sora_gate AFTER INSERT OR UPDATE ON {table} DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW WHEN (NEW.state = '{state}') EXECUTE FUNCTION sora_gate()
"""
WAITS = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = %s AND NOT granted"


class Gate:
    def __init__(self, connection: "psycopg.Connection[tuple[object, ...]]") -> None:
        self._connection = connection

    async def reached(self) -> None:
        """Somebody stands there: everything is written, nothing is committed, and it waits for an answer."""
        await until(lambda: self._connection.execute(WAITS, (GATE,)).fetchall())


@asynccontextmanager
async def commit_gate(url: str, table: str, state: str) -> AsyncIterator[Gate]:
    """Closed until the block ends; then what waits there is committed, whether its process is awake or not."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(MAKE.format(gate=GATE, table=table, state=state))
        connection.execute("SELECT pg_advisory_lock(%s)", (GATE,))
        try:
            yield Gate(connection)
        finally:
            connection.execute("SELECT pg_advisory_unlock(%s)", (GATE,))
            await asyncio.to_thread(connection.execute, f"DROP TRIGGER sora_gate ON {table}")
