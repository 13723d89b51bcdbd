"""A log as the bot keeps one, in memory, and read back line by line."""

import asyncio
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bot.observing.confidential import Confidential
from bot.observing.pipeline import LogFormat, logging_to


class KeptLog:
    def __init__(self) -> None:
        self.stream = io.StringIO()

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    def lines(self, **facts: object) -> list[dict[str, Any]]:
        """Every line is JSON; those that carry these facts."""
        read = [json.loads(each) for each in self.text.splitlines()]
        return [each for each in read if facts.items() <= each.items()]

    async def until_said(self, *, within_s: float = 20.0, **facts: object) -> dict[str, Any]:
        """The first line with these facts, as soon as there is one."""
        async with asyncio.timeout(within_s):
            while not (found := self.lines(**facts)):
                await asyncio.sleep(0.01)
        return found[0]


@contextmanager
def kept_log(
    confidential: Confidential | None = None, level: str = "INFO", dress: LogFormat = "json"
) -> Iterator[KeptLog]:
    log = KeptLog()
    with logging_to(log.stream, confidential=confidential or Confidential(), level=level, dress=dress):
        yield log
