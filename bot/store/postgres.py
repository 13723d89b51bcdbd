"""Postgres: which URLs we take, and connections on which no statement waits for ever."""

import math
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError

from bot.store.refusals import NotOurDatabaseError

STATEMENT_TIMEOUT_MS = 10_000
LOCK_TIMEOUT_MS = 5_000
"""As long as SQLite's busy timeout: who waits longer gives up and says so."""
IDLE_TIMEOUT_MS = 20_000
"""A transaction whose process was stopped in its middle must not keep its locks."""
CONNECT_TIMEOUT_S = 5
SILENCE_MAX_S = 10
"""A server that acknowledges nothing for so long is gone, and so is what it held."""

POOL_WAIT_S = 5.0


def is_postgres(url: str) -> bool:
    return url.startswith(("postgres:", "postgresql:", "postgresql+"))


def driver_url(url: str) -> str:
    """The URL with the driver we use; SQLite's as it is.

    Raises:
        NotOurDatabaseError: neither SQLite nor Postgres. The message does not repeat the URL, which has a password.
    """
    try:
        kind = sa.make_url(url).drivername.partition("+")[0]
    except (ArgumentError, ValueError):
        kind = ""
    if kind == "sqlite":
        return url
    if kind not in {"postgres", "postgresql"}:
        raise NotOurDatabaseError(
            "SORA_DATABASE_URL names no database that sora-bot can use. It takes sqlite:///data/sora.sqlite (one"
            " process) or postgresql://user:password@host/name (several)."
        )
    return sa.make_url(url).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


def postgres_engine(url: str, *, connections: int) -> sa.Engine:
    """An engine of at most so many connections. Each is asked whether it lives before it is used: after a restart of
    the server the pool is full of dead ones.
    """
    return sa.create_engine(
        driver_url(url),
        pool_size=connections,
        max_overflow=0,
        pool_pre_ping=True,
        pool_timeout=POOL_WAIT_S,
        connect_args=_connect_args(sa.make_url(url)),
    )


def one_view(engine: sa.Engine) -> sa.Engine:
    """The same engine for looks of several statements that must not contradict each other.

    SQLite gives that by itself. Postgres shows each statement the newest commit, unless it is asked.
    """
    if engine.dialect.name == "sqlite":
        return engine
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def _connect_args(url: sa.URL) -> dict[str, Any]:
    settings = {
        "statement_timeout": STATEMENT_TIMEOUT_MS,
        "lock_timeout": LOCK_TIMEOUT_MS,
        "idle_in_transaction_session_timeout": IDLE_TIMEOUT_MS,
        # Where the server's default is off: a lost intent row is a doubled POST.
        "synchronous_commit": "on",
        # Where it is stricter, transactions fail that our locks let wait.
        "default_transaction_isolation": r"read\ committed",
    }
    ours = " ".join(f"-c {name}={value}" for name, value in settings.items())
    operators = url.query.get("options", "")
    return {
        "application_name": "sora-bot",
        "connect_timeout": CONNECT_TIMEOUT_S,
        "keepalives_idle": SILENCE_MAX_S,
        "keepalives_interval": 2,
        "keepalives_count": math.ceil(SILENCE_MAX_S / 2),
        "tcp_user_timeout": SILENCE_MAX_S * 1000,
        # What the operator wrote comes last and wins.
        "options": f"{ours} {operators if isinstance(operators, str) else ' '.join(operators)}".strip(),
    }
