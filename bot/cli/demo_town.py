"""What `sora-bot demo` runs: a local Slack, three local video services, and the bot between them, unmodified."""

import asyncio
import contextlib
import os
import secrets
import socket
import tempfile
from base64 import b64encode
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.clock import SystemClock
from bot.demo.bot_process import BotProcess
from bot.demo.services import OFFERS, Offer, Service, running_services, sora_toml
from bot.demo.slack import Channel, LocalSlack, View
from bot.slack.manifest import manifest

READY_WITHIN_S = 60.0
ADMIN, FIRST = "ada", "videos"
"""Who is admin there, and the channel that people see first."""
NOTICES = "video-status"
"""The channel that hears how the services are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Town:
    slack: LocalSlack
    services: tuple[Service, ...]
    bot: BotProcess


@asynccontextmanager
async def demo_town(
    keep: Path | None, *, offers: Sequence[Offer] = OFFERS, film: Path | None = None
) -> AsyncIterator[Town]:
    """The doubles here, the bot as a child, all of it ready; on leaving everything ends, the bot first.

    Args:
        keep: where everything is kept; None: in a temporary folder, which goes with the town.
        offers: the services that stand behind the bot.
        film: an MP4 that answers every order; None: each prompt becomes one of its own.

    Raises:
        BotDied: the bot ended before it was ready.
        TimeoutError: it did not get ready.
    """
    with contextlib.ExitStack() as folders:
        folder = keep or Path(folders.enter_context(tempfile.TemporaryDirectory(prefix="sora-demo-")))
        folder = folder.absolute()
        secret = f"whsec_{b64encode(secrets.token_bytes(24)).decode()}"
        port = _free_port()
        async with (
            LocalSlack.running(manifest=manifest(), directory=folder / "slack") as slack,
            running_services(
                clock=SystemClock(), folder=folder / "films", webhook_secret=secret,
                callback_url=f"http://127.0.0.1:{port}/webhooks", offers=offers, film=film,
            ) as services,
        ):  # fmt: skip
            notices = slack.add_channel(NOTICES, after=FIRST)
            home = folder / "bot"
            home.mkdir(parents=True, exist_ok=True)
            (home / "sora.toml").write_text(sora_toml(services, webhook_secret=secret), encoding="utf-8")
            settings = _settings(slack, home, port)
            async with BotProcess.running(settings, inherited=os.environ, folder=home) as bot:
                await _ready(slack, bot)
                await notices_go_to(slack, notices)
                yield Town(slack=slack, services=services, bot=bot)


def _settings(slack: LocalSlack, home: Path, port: int) -> dict[str, str]:
    return {
        "SLACK_BOT_TOKEN": slack.bot_token,
        "SLACK_APP_TOKEN": slack.app_token,
        "SLACK_API_URL": slack.api_url,
        "SORA_DATABASE_URL": f"sqlite:///{home / 'sora.sqlite'}",
        "SORA_SPOOL": str(home / "spool"),
        "SORA_ADMINS": ",".join(each.id for each in slack.workspace.users.values() if each.is_admin),
        "SORA_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "SORA_HOST": "127.0.0.1",
        "PORT": str(port),
    }


async def _ready(slack: LocalSlack, bot: BotProcess) -> None:
    """Wait for the bot's socket.

    Raises:
        BotDied: it ended before.
        TimeoutError: it did not come.
    """
    connecting = asyncio.ensure_future(slack.sockets.connected(within_s=READY_WITHIN_S))
    dying = asyncio.ensure_future(bot.died())
    try:
        await asyncio.wait({connecting, dying}, return_when=asyncio.FIRST_COMPLETED)
        await (dying if dying.done() else connecting)
    finally:
        connecting.cancel()
        dying.cancel()


async def notices_go_to(slack: LocalSlack, channel: Channel) -> None:
    """What an admin does on the first day: opens the settings, chooses a channel for every kind of notice, saves."""

    def form() -> View | None:
        view = slack.top_view(ADMIN)
        return view if view is not None and view.told.get("submit") else None

    await slack.command(ADMIN, FIRST, "/sora", "settings")
    await slack.until(form, within_s=READY_WITHIN_S)
    view = form()
    if view is None:
        return
    elements = [each["element"] for each in view.blocks if each["type"] == "input"]
    chosen = {each["action_id"]: [channel.id] for each in elements if each["type"] == "multi_conversations_select"}
    await slack.submit(ADMIN, view, chosen)
    await slack.close_view(ADMIN, all=True)


def _free_port() -> int:
    """A port for the bot, which has to be known before it starts: the services call it back there."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
