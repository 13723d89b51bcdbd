"""One line when trouble begins, one a minute while it lasts, one when it is over."""

import logging

from virtual_clock import VirtualClock

from bot.observing.availability import START_S, Availability
from bot.observing.meters import Meters
from bot.observing.repeats import KINDS_MAX, Repeats


class Listener(logging.Handler):
    def __init__(self, repeats: Repeats) -> None:
        super().__init__()
        self.addFilter(repeats)
        self.heard: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(record)


def test_the_same_warning_is_said_once_a_minute_with_how_many_it_stands_for() -> None:
    at = [0.0]
    heard = Listener(Repeats(window_s=60, monotonic=lambda: at[0]))
    logger = logging.Logger("bot.x")
    logger.addHandler(heard)
    for second in range(121):
        at[0] = float(second)
        logger.warning("database is busy", extra={"part": "cards"})
    assert [getattr(each, "repeated", 1) for each in heard.heard] == [1, 60, 60]


def test_other_facts_references_and_mere_news_are_never_held_back() -> None:
    heard = Listener(Repeats(monotonic=lambda: 0.0))
    logger = logging.Logger("bot.x")
    logger.addHandler(heard)
    for job in ("j1", "j2"):
        logger.warning("unknown_status", extra={"job": job})
    for reference in ("ab12cd34", "ab12cd34"):
        logger.error("a listener failed", extra={"reference": reference})
    logger.info("served")
    logger.info("served")
    assert len(heard.heard) == 6


def test_remembering_what_was_said_stays_small() -> None:
    repeats = Repeats(monotonic=lambda: 0.0)
    heard = Listener(repeats)
    logger = logging.Logger("bot.x")
    logger.addHandler(heard)
    for number in range(KINDS_MAX + 5):
        logger.warning("one of many", extra={"job": number})
    logger.warning("one of many", extra={"job": 0})
    assert len(heard.heard) == KINDS_MAX + 6  # the first one was forgotten, so it is news again


async def test_a_part_that_goes_down_is_said_once_and_once_when_it_is_back(caplog) -> None:
    clock, meters = VirtualClock(), Meters()
    problems: dict[str, str] = {"slack": "no connection to Slack"}

    async def asked() -> dict[str, str]:
        return problems

    watching = Availability(asked, parts=("database", "slack"), meters=meters, clock=clock)
    await watching.look()
    assert caplog.records == []  # it is only starting
    problems.clear()
    await watching.look()
    problems["database"] = "does not answer (OperationalError)"
    for _ in range(5):
        await watching.look()
        await clock.advance(5)
    assert meters.registry.get_sample_value("sora_ready", {"part": "database"}) == 0
    assert meters.registry.get_sample_value("sora_ready", {"part": "slack"}) == 1
    problems.clear()
    await watching.look()
    assert [(each.getMessage(), each.part) for each in caplog.records] == [("down", "database"), ("back", "database")]
    assert caplog.records[1].after_s == 25.0
    assert meters.registry.get_sample_value("sora_ready", {"part": "database"}) == 1


async def test_a_part_that_never_comes_up_is_said_too(caplog) -> None:
    clock = VirtualClock()

    async def asked() -> dict[str, str]:
        return {"slack": "no connection to Slack"}

    watching = Availability(asked, parts=("slack",), meters=Meters(), clock=clock)
    await watching.look()
    await clock.advance(START_S)
    await watching.look()
    assert [each.getMessage() for each in caplog.records] == ["down"]
