"""`sora-bot demo`: the bot, unmodified, between a local Slack and local video services. Nothing leaves the machine."""

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import tempfile
import webbrowser
from collections.abc import Awaitable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.demo_town import Town, demo_town
from bot.demo.bot_process import BotDied
from bot.demo.conversation import Conversation, price_in
from bot.demo.page_server import Page
from bot.demo.services import switch_all
from bot.demo.slack import LocalSlack, Message
from bot.demo.videos import Switch
from bot.slack.manifest import manifest

PROMPTS = (
    "a corgi surfing at sunset",
    "a paper boat in the rain",
    "two foxes dancing in the snow",
    "a lighthouse in the fog",
    "a hot-air balloon over the sea at dawn",
)
DONE_WITHIN_S = 240.0
BROKEN_FOR_S = 14.0
"""So long `--break` shows services that are away before they are mended; the story then goes on to the video."""


class Break(StrEnum):
    DOWN = "down"
    SLOW = "slow"
    REFUSE = "refuse"
    LOSE = "lose"
    STUCK = "stuck"


MENDED = frozenset({Break.DOWN, Break.STUCK})


def demo(
    prompt: Annotated[str, typer.Option(help="Make one video without a page, print the conversation, and end.")] = "",
    break_: Annotated[Break | None, typer.Option("--break", help="With --prompt: break every service so.")] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="The page's port; 0 takes a free one.")] = 0,
    browser: Annotated[bool, typer.Option(help="Open the page where there is a display.")] = True,
    keep: Annotated[Path | None, typer.Option(help="Keep everything in this folder, not in a temporary one.")] = None,
) -> None:
    """Try everything on this machine: no key, no account, no network, no money."""
    if break_ is not None and not prompt:
        raise typer.BadParameter("goes with --prompt; on the page the switches do it", param_hint="--break")
    if prompt:
        work = _without_page(prompt, break_, keep)
    else:
        work = _with_page(port, opens=browser and _has_display(), keep=keep)
    try:
        code = asyncio.run(_until_stopped(work))
    except (BotDied, OSError, TimeoutError) as error:
        typer.echo(str(error) or "The bot did not get ready in time.", err=True)
        code = 1
    raise typer.Exit(code)


async def _until_stopped(work: Awaitable[int]) -> int:
    """The work, ended early and in order by Ctrl-C or SIGTERM."""
    stop = asyncio.Event()
    for received in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(received, stop.set)
    working, stopping = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not working.done():
        working.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await working
        return 0
    return await working


async def _with_page(port: int, *, opens: bool, keep: Path | None) -> int:
    async with (
        demo_town(keep) as town,
        Page.running(town.slack, town.services, manifest=manifest(), prompts=PROMPTS, port=port) as page,
    ):
        typer.echo(f"The demo is ready: {page.url}")
        typer.echo("Everything runs on this machine: no key, no account, no money. Ctrl-C ends it.")
        if opens:
            await asyncio.to_thread(webbrowser.open, page.url)
        await town.bot.died()
    return 0


async def _without_page(prompt: str, break_: Break | None, keep: Path | None) -> int:
    async with demo_town(keep) as town:
        if break_ is not None:
            await switch_all(town.services, Switch(break_))
            typer.echo(f"(Every service is broken: {break_}.)")
        telling = asyncio.ensure_future(_told(town, prompt, break_))
        dying = asyncio.ensure_future(town.bot.died())
        try:
            await asyncio.wait({telling, dying}, return_when=asyncio.FIRST_COMPLETED)
            if not telling.done():
                await dying
            ended = await telling
        finally:
            telling.cancel()
            dying.cancel()
        if ended is None:
            return 0
        card, film = ended
        kept = keep or Path(tempfile.mkdtemp(prefix="sora-video-"))
        target = kept.absolute() / town.slack.workspace.files[film].name
        shutil.copyfile(town.slack.workspace.files[film].path, target)
        typer.echo(f"\nVideo: {target}\nPrice: {price_in(card)} (of the demo; nothing was paid)")
    return 0


async def _told(town: Town, prompt: str, break_: Break | None) -> tuple[Message, str] | None:
    """Order, and print what is said until the video is there, or will never be. The card and its film, or None."""
    slack = town.slack
    talk = Conversation(slack, "ada", "videos", typer.echo)
    typer.echo(f"Ada\n    /sora {prompt}")
    mending = asyncio.ensure_future(_mended(town, break_))
    changes = slack.changes()
    try:
        async with asyncio.timeout(DONE_WITHIN_S):
            answered = await slack.command("ada", "videos", "/sora", prompt)
            talk.look()
            await _confirmed(slack, answered.said)
            async for _ in changes:
                talk.look()
                if (found := _ended(slack)) is not None:
                    return found if found[1] else None
    finally:
        mending.cancel()
        await changes.aclose()
    return None


async def _confirmed(slack: LocalSlack, said: Message | None) -> None:
    """A price above the limit for a plain start waits for one click, which Ada gives."""
    if said is not None and "sora_confirm_price" in str(said.blocks):
        typer.echo("(Ada clicks the button with the price.)")
        await slack.click("ada", said, "sora_confirm_price")


def _ended(slack: LocalSlack) -> tuple[Message, str] | None:
    """The card and its film when all is said; an empty film: there will be none."""
    posts = [each for each in slack.messages("ada", "videos") if each.user_id == slack.bot_user_id]
    cards = [each for each in posts if each.thread_ts in {None, each.ts} and not each.ephemeral_to]
    films = [file for each in posts if each.is_reply for file in each.file_ids]
    for card in cards:
        if films and "sora_again" in str(card.blocks):
            return card, films[0]
        if "sora_remove" in str(card.blocks) and any(each.is_reply for each in posts):
            return card, ""
    return None


async def _mended(town: Town, break_: Break | None) -> None:
    if break_ in MENDED:
        await asyncio.sleep(BROKEN_FOR_S)
        typer.echo("(The services are mended.)")
        await switch_all(town.services, Switch.NORMAL)


def _has_display() -> bool:
    return not sys.platform.startswith("linux") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
