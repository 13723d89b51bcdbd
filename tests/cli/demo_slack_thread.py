"""A local Slack in a thread with a loop of its own, for commands that bring their own loop."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bot.demo.slack import LocalSlack
from bot.slack.manifest import manifest


@dataclass(frozen=True)
class SlackThread:
    api_url: str
    bot_token: str
    app_token: str


@contextmanager
def slack_in_a_thread() -> Iterator[SlackThread]:
    started, told = threading.Event(), []
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def serve() -> None:
        async with LocalSlack.running(manifest=manifest()) as slack:
            told.append(SlackThread(slack.api_url, slack.bot_token, slack.app_token))
            started.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    try:
        assert started.wait(10)
        yield told[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()
