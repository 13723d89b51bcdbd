"""One line for whatever any logger says: its facts, its error without words, nothing private."""

import asyncio
import logging
import threading
import warnings

import httpx
import pytest
import sqlalchemy as sa
from kept_log import kept_log
from sqlalchemy.exc import OperationalError

from bot.observing.confidential import Confidential
from bot.observing.context import about, learnt
from bot.providers.errors import OutcomeUnknown
from bot.slack.failures import TokenDead

PROMPT = "a confidential product launch in a glass house"
KEY = "sk-live-0123456789abcdef0123"

ours = logging.getLogger("bot.somewhere")


def test_a_line_is_json_with_its_facts_and_says_what_it_is_about() -> None:
    with kept_log() as log:
        with about(job="j1"):
            learnt(service="fal", attempt="a1")
            ours.warning("a card stays without its picture", extra={"code": "too_big"})
        ours.info("after it")
    first, second = log.lines()
    assert {key: first[key] for key in ("level", "event", "logger", "job", "service", "attempt", "code")} == {
        "level": "warning",
        "event": "a card stays without its picture",
        "logger": "bot.somewhere",
        "job": "j1",
        "service": "fal",
        "attempt": "a1",
        "code": "too_big",
    }
    assert first["at"].endswith("+00:00")
    assert "job" not in second


async def test_tasks_do_not_mix_up_what_they_are_about() -> None:
    first_is_in, second_is_done = asyncio.Event(), asyncio.Event()

    async def first() -> None:
        with about(job="j1"):
            first_is_in.set()
            await second_is_done.wait()
            ours.info("one")

    async def second() -> None:
        await first_is_in.wait()
        with about(job="j2", service="fal"):
            ours.info("two")
        second_is_done.set()

    with kept_log() as log:
        await asyncio.gather(first(), second())
    assert [(each["event"], each["job"], each.get("service")) for each in log.lines()] == [
        ("two", "j2", "fal"),
        ("one", "j1", None),
    ]


@pytest.mark.parametrize(
    "library", ["slack_bolt", "slack_sdk.web", "dbos", "aiohttp.server", "httpx", "sqlalchemy.engine"]
)
def test_libraries_speak_through_the_same_line_from_warning_up(library: str) -> None:
    with kept_log(Confidential([KEY]), level="INFO") as log:
        logging.getLogger(library).debug("body: text=%s", PROMPT)
        logging.getLogger(library).info('HTTP Request: GET https://q.fal.run/x?sig=abc "200"')
        logging.getLogger(library).error("refused with %s at wss://wss.slack.com/link/?ticket=12ab", KEY)
    (line,) = log.lines()
    assert (line["logger"], line["event"]) == (library, "refused with [secret] at wss://wss.slack.com/link/?…")


def test_an_error_shows_where_it_came_from_and_not_what_it_says() -> None:
    def inner() -> None:
        raise ValueError(f"cannot read {PROMPT!r}")

    def outer() -> None:
        try:
            inner()
        except ValueError as error:
            raise RuntimeError(f"with key {KEY}") from error

    with kept_log() as log:
        try:
            outer()
        except RuntimeError:
            ours.exception("a card could not be drawn", extra={"job": "j1"})
        try:
            outer()
        except RuntimeError as error:
            ours.error("likewise", extra={"raised": error})
    for line in log.lines():
        shown = line["exception"]
        assert "in inner" in shown
        assert "in outer" in shown
        assert "test_log_pipeline.py" in shown
        assert shown.index("ValueError: [") < shown.index("which led to") < shown.index("RuntimeError: [")
        assert "raised" not in line
    assert PROMPT not in log.text
    assert KEY not in log.text


def test_an_error_says_what_cannot_be_private() -> None:
    shown = []
    for error in (
        OSError(28, "No space left on device"),
        AttributeError("'NoneType' object has no attribute 'job'"),
        OutcomeUnknown(f"Bad prompt: {PROMPT}", http_status=504),
        TokenDead("chat.update", "token_revoked"),
        ExceptionGroup("several", [KeyError(PROMPT), TypeError("not callable")]),
    ):
        with kept_log() as log:
            ours.error("x", extra={"raised": error})
        (line,) = log.lines()
        shown.append(line["exception"])
    assert shown[:4] == [
        "OSError: [Errno 28] No space left on device",
        "AttributeError: 'NoneType' object has no attribute 'job'",
        "bot.providers.errors.OutcomeUnknown: kind=outcome_unknown http_status=504",
        "bot.slack.failures.TokenDead: method=chat.update code=token_revoked",
    ]
    assert "TypeError: not callable" in shown[4]
    assert PROMPT not in shown[4]


def test_a_database_error_keeps_its_statement_and_its_values_to_itself() -> None:
    engine = sa.create_engine("sqlite://")
    with kept_log() as log, engine.connect() as connection:
        try:
            connection.execute(sa.text("INSERT INTO job (prompt) VALUES (:prompt)"), {"prompt": PROMPT})
        except OperationalError as error:
            ours.error("x", extra={"raised": error})
            logging.getLogger("dbos").warning(f"Exception finding work: {error}")
            logging.getLogger("dbos").warning(f"Exception finding work: {error}", exc_info=error)
    assert "sqlite3.OperationalError: no such table: job" in log.lines()[0]["exception"]
    assert PROMPT not in log.text
    assert "INSERT INTO job (prompt)" not in log.lines()[2]["event"]


async def test_what_python_would_print_itself_goes_the_same_way() -> None:
    async def fails() -> None:
        raise RuntimeError(PROMPT)

    with kept_log() as log:
        task = asyncio.ensure_future(fails())
        await asyncio.wait({task})
        asyncio.get_running_loop().call_exception_handler(
            {"message": "Task exception was never retrieved", "exception": task.exception(), "future": task}
        )
        thread = threading.Thread(target=lambda: 1 / 0, name="media_0")
        thread.start()
        thread.join()
        warnings.warn(f"old\nand more of it: {PROMPT}", DeprecationWarning, stacklevel=1)
    task_line, thread_line, warning_line = log.lines()
    assert task_line["event"] == "Task exception was never retrieved"
    assert (thread_line["thread_name"], thread_line["exception"].splitlines()[-1]) == (
        "media_0",
        "ZeroDivisionError: division by zero",
    )
    assert warning_line["logger"] == "py.warnings"
    assert PROMPT not in log.text


def test_a_person_at_a_terminal_reads_columns_with_the_same_things_left_out() -> None:
    with kept_log(Confidential([KEY]), dress="console") as log, about(job="j1"):
        try:
            raise KeyError(PROMPT)
        except KeyError as error:
            ours.error("did not work with %s", KEY, extra={"raised": error})
    first, *rest = log.text.splitlines()
    assert "did not work with [secret]" in first
    assert "job=j1" in first
    assert any("test_log_pipeline.py" in each for each in rest)
    assert PROMPT not in log.text


def test_when_the_log_is_left_all_is_as_before() -> None:
    root, package = logging.getLogger(), logging.getLogger("bot")
    before = (root.level, list(root.handlers), package.level, threading.excepthook)
    with kept_log():
        pass
    assert (root.level, list(root.handlers), package.level, threading.excepthook) == before


def test_httpx_may_not_turn_itself_up() -> None:
    """It logs whole addresses at INFO, and services put keys and signatures into them."""
    with kept_log(level="DEBUG") as log:
        with httpx.Client(transport=httpx.MockTransport(lambda _request: httpx.Response(200))) as client:
            client.get("https://storage.example/film.mp4?X-Goog-Signature=0123")
    assert log.text == ""
