"""`sora-bot run`: the bot, until SIGTERM."""

import asyncio
import gc
import logging
import os
import signal
import sys
import threading

import typer

from bot import config, wiring
from bot.catalogue.loader import CatalogueError
from bot.clock import Clock, SystemClock, new_id
from bot.jobs.peers import FencedError
from bot.observing.confidential import Confidential
from bot.observing.pipeline import is_json, logging_to
from bot.slack.identity import TokenRefusedError
from bot.store.refusals import CannotOpenError
from bot.wiring.lifelines import DeafError

_log = logging.getLogger(__name__)

TURN_S = 0.0005
"""So long another thread may keep Python to itself while the loop wants it. With Python's own five milliseconds an ack
waits again and again for the database's threads and the durable engine's: at five orders a second the slowest
hundredth came after 110 to 530 ms instead of 49, for 2 to 5 % less of a processor (`tests/bench`, 2026-11-21)."""
STOP_WITHIN_S = 9.0
"""A supervisor that follows SIGTERM with SIGKILL gives ten seconds."""


def run() -> None:
    """Serve Slack until told to stop. Settings come from the environment, .env and sora.toml."""
    try:
        settings = config.load()
    except config.SettingsError as error:
        for problem in error.problems:
            typer.echo(f"- {problem}", err=True)
        typer.echo("Nothing was started. `sora-bot setup` asks for everything, one at a time.", err=True)
        raise typer.Exit(2) from None
    confidential = Confidential.of(settings)
    with logging_to(sys.stderr, confidential=confidential, level=settings.log_level, dress=settings.log_format):
        try:
            asyncio.run(serve(settings, confidential))
        except (CannotOpenError, CatalogueError, config.SettingsError, TokenRefusedError) as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(2) from None
        except (FencedError, DeafError):
            raise typer.Exit(1) from None
        except Exception as error:  # noqa: BLE001 - Python's own last words would show what the log must not
            _log.critical("the bot has ended", extra={"raised": error})
            raise typer.Exit(1) from None


async def serve(settings: config.Settings, confidential: Confidential, *, clock: Clock = SystemClock()) -> None:
    """Run until SIGTERM or SIGINT; leave no task behind."""
    sys.setswitchinterval(TURN_S)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for received in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(received, stop.set)
    last_resort = _ending()
    async with wiring.running(settings, clock=clock, new_id=new_id, confidential=confidential) as bot:
        for line in bot.greeting:
            _greet(line, as_json=is_json(sys.stderr, settings.log_format))
        # What was built so far stays for good. Looking through it again and again stopped everything for 60 to 90 ms.
        gc.freeze()
        stopped = asyncio.ensure_future(stop.wait())
        failed = asyncio.ensure_future(bot.failed())
        try:
            await asyncio.wait({stopped, failed}, return_when=asyncio.FIRST_COMPLETED)
            ended = failed.exception() if failed.done() else None
            if ended is not None:
                _log.critical("the bot ends, so that a new process can take its place: %s", ended)
            last_resort.start()
        finally:
            stopped.cancel()
            failed.cancel()
    last_resort.cancel()
    if ended is not None:  # not inside: the rooms' task groups would wrap what the supervisor and the log must see
        raise ended


def _ending() -> threading.Timer:
    """Ends the process, however the rest goes: all is written down as for a kill.

    Who takes us for dead must be right, and the durable engine's own end waits for a database that is away until it is
    back (dbos 3.4.0, seen 2026-11-21).
    """

    def end() -> None:
        _log.critical("the bot did not end by itself in %.0f s and is ended", STOP_WITHIN_S)
        sys.stderr.flush()
        os._exit(1)

    timer = threading.Timer(STOP_WITHIN_S, end)
    timer.daemon = True
    return timer


def _greet(line: str, *, as_json: bool) -> None:
    """To a person as it is; where a machine reads, every line is JSON."""
    if as_json:
        _log.info(line)
    else:
        print(line, file=sys.stderr, flush=True)
