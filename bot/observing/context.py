"""What a line of the log is about, bound where work begins: a job's step, a request of Slack's, a call to a service."""

from collections.abc import Iterator
from contextlib import contextmanager

from structlog.contextvars import bind_contextvars, clear_contextvars, get_contextvars

JOB, ATTEMPT, SERVICE, TEAM, REFERENCE = "job", "attempt", "service", "team", "reference"


@contextmanager
def about(**facts: str) -> Iterator[None]:
    """Everything logged inside carries these facts, and those learnt on the way; outside nothing of them stays."""
    before = get_contextvars()
    bind_contextvars(**facts)
    try:
        yield
    finally:
        clear_contextvars()
        bind_contextvars(**before)


def learnt(**facts: str) -> None:
    """More about what is being done; holds until the `about` around it is left."""
    if get_contextvars():
        bind_contextvars(**facts)


def is_about(job_id: str) -> bool:
    return get_contextvars().get(JOB) == job_id
