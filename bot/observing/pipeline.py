"""The one way of a log line: from any logger, ours or a library's, to one cleaned line on one stream.

Every room logs with the standard library, so that none of them knows this one. structlog gives a line its facts and
its dress: JSON where a machine reads, aligned columns on a terminal.
"""

import logging
import threading
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Literal, TextIO

from structlog.contextvars import merge_contextvars
from structlog.processors import JSONRenderer
from structlog.stdlib import ProcessorFormatter

from bot.observing.confidential import Confidential
from bot.observing.records import PARTS_OF_A_RECORD
from bot.observing.repeats import Repeats
from bot.observing.tracebacks import rendered, safe_message

LogFormat = Literal["auto", "json", "console"]
Line = MutableMapping[str, Any]

OURS = "bot"
LIBRARIES_UNDER_OUR_NAME = ("bot.slack.bolt", "bot.slack.socket_client")
"""Loggers that we named and handed to Bolt and slack_sdk."""
FOREIGN_LENGTH_MAX = 400
STORY_OF_THE_ENGINE = "operationUUID"
"""DBOS marks its records so; a job's id, with a number when its story was begun anew."""


@contextmanager
def logging_to(
    stream: TextIO, *, confidential: Confidential, level: str = "INFO", dress: LogFormat = "auto"
) -> Iterator[None]:
    """Send every logger's lines there until the block is left; then all is as before.

    `level` is for our own lines. Libraries speak from WARNING up whatever it says: below that Slack's client writes
    whole envelopes, prompts included, and httpx whole addresses.
    """
    handler = logging.StreamHandler(stream)
    handler.addFilter(Repeats())
    handler.setFormatter(_formatter(confidential, in_json=is_json(stream, dress), colours=stream.isatty()))
    root, ours = logging.getLogger(), logging.getLogger(OURS)
    before = (root.level, ours.level, threading.excepthook)
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    ours.setLevel(level)
    logging.captureWarnings(True)
    threading.excepthook = _thread_died
    try:
        yield
    finally:
        threading.excepthook = before[2]
        logging.captureWarnings(False)
        ours.setLevel(before[1])
        root.setLevel(before[0])
        root.removeHandler(handler)
        handler.flush()


def is_json(stream: TextIO, dress: LogFormat) -> bool:
    return dress == "json" or (dress == "auto" and not stream.isatty())


def _formatter(confidential: Confidential, *, in_json: bool, colours: bool) -> ProcessorFormatter:
    def without_secrets(_logger: object, _name: str, line: Line) -> Line:
        """The last line of defence: nothing private passes, whoever wrote the line."""
        kept = {"at", "level", "logger"}
        return {key: each if key in kept else confidential.cleaned_value(key, each) for key, each in line.items()}

    return ProcessorFormatter(
        foreign_pre_chain=[_facts, merge_contextvars, _error_as_text, _in_few_words],
        processors=[ProcessorFormatter.remove_processors_meta, without_secrets, _in_order, _renderer(in_json, colours)],
    )


def _renderer(in_json: bool, colours: bool) -> Any:
    if in_json:
        return JSONRenderer(ensure_ascii=False)
    from structlog.dev import ConsoleRenderer, plain_traceback

    return ConsoleRenderer(colors=colours, exception_formatter=plain_traceback, timestamp_key="at", sort_keys=False)


def _facts(_logger: object, _name: str, line: Line) -> Line:
    """When, how bad, who says it, and what the caller handed over as `extra`; of libraries only which story it was."""
    record: logging.LogRecord = line["_record"]
    line["at"] = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    line["level"] = record.levelname.lower()
    line["logger"] = record.name
    if _is_ours(record.name):
        line.update({name: value for name, value in vars(record).items() if name not in PARTS_OF_A_RECORD})
    elif story := getattr(record, STORY_OF_THE_ENGINE, ""):
        line["story"] = story
    return line


def _error_as_text(_logger: object, _name: str, line: Line) -> Line:
    """An exception, as `exc_info` or as a fact, becomes the text of `tracebacks`, never Python's own."""
    found = [name for name, value in line.items() if isinstance(value, BaseException)]
    errors = [line.pop(name) for name in found]
    exc_info = line.pop("exc_info", None)
    if isinstance(exc_info, tuple) and exc_info[1] is not None:
        errors.append(exc_info[1])
    line.pop("stack_info", None)
    if errors:
        line["exception"] = "\n".join(rendered(each) for each in errors)
        for each in errors:  # Libraries like to repeat the error in their message.
            if str(each):
                line["event"] = str(line["event"]).replace(str(each), safe_message(each))
    return line


def _in_few_words(_logger: object, _name: str, line: Line) -> Line:
    """A library's message may end in a traceback or a repr of its own making: its first line is enough."""
    if _is_ours(line["logger"]):
        return line
    words = str(line["event"]).partition("\n")[0]
    line["event"] = words[:FOREIGN_LENGTH_MAX] + ("…" if len(words) > FOREIGN_LENGTH_MAX else "")
    return line


def _in_order(_logger: object, _name: str, line: Line) -> Line:
    first = {key: line[key] for key in ("at", "level", "event", "logger") if key in line}
    last = {"exception": line["exception"]} if "exception" in line else {}
    return first | {key: line[key] for key in sorted(line) if key not in first and key not in last} | last


def _is_ours(name: str) -> bool:
    return name.partition(".")[0] == OURS and not name.startswith(LIBRARIES_UNDER_OUR_NAME)


def _thread_died(died: threading.ExceptHookArgs) -> None:
    """Python would print the message with its traceback straight to stderr."""
    if died.exc_value is not None and died.exc_type is not SystemExit:
        name = died.thread.name if died.thread is not None else "?"
        logging.getLogger("bot.thread").error("a thread died", extra={"thread_name": name, "raised": died.exc_value})
