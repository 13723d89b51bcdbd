"""`sora-bot setup`: from nothing to a working `.env` in a few minutes, each answer checked as it is pasted."""

import asyncio
import os
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer
from dotenv import dotenv_values

from bot.catalogue.loader import load_catalogue
from bot.clock import SystemClock
from bot.slack.checks import check_app_token, check_bot_token
from bot.slack.manifest import creation_link, manifest
from bot.wiring.accounts import FAL
from bot.wiring.opening import Secrets
from bot.wiring.services import check_service

SLACK_API = "https://slack.com/api/"
Check = Callable[[str], Coroutine[Any, Any, str]]
"""A pasted secret to what is wrong with it; empty: it works."""


def setup(
    env_file: Annotated[Path, typer.Option(help="Where the answers go.")] = Path(".env"),
    browser: Annotated[bool, typer.Option(help="Open Slack's page by itself.")] = True,
) -> None:
    """Create the Slack app, ask for its tokens and one service key, check each, and write .env."""
    api_url = os.environ.get("SLACK_API_URL", SLACK_API)
    known = {name: value for name, value in dotenv_values(env_file).items() if value}
    link = creation_link(manifest(command=os.environ.get("SORA_COMMAND", "/sora")))
    typer.echo("1. Create the app in Slack. This link has everything filled in:\n")
    typer.echo(f"   {link}\n")
    if browser and known.get("SLACK_BOT_TOKEN") is None:
        typer.launch(link)
    typer.echo("   Press Create, then Install to Workspace.\n")

    async def bot_token(token: str) -> str:
        found = await check_bot_token(token, api_url=api_url, now=SystemClock().now())
        if not found.problem:
            typer.echo(f"   Works: @{found.bot} in {found.team}.")
            if found.missing_scopes:
                typer.echo(f"   Not granted: {', '.join(found.missing_scopes)}. `sora-bot doctor` says what is off.")
        return found.problem

    async def app_token(token: str) -> str:
        found = await check_app_token(token, api_url=api_url)
        return found.problem

    answers = {
        "SLACK_BOT_TOKEN": _asked("2. Bot token (xoxb-...)", known.get("SLACK_BOT_TOKEN"), bot_token),
        "SLACK_APP_TOKEN": _asked("3. App token (xapp-...)", known.get("SLACK_APP_TOKEN"), app_token),
        "FAL_KEY": _asked(
            "4. A key from fal.ai/dashboard/keys (Enter: none yet, the free local preview serves)",
            known.get("FAL_KEY"),
            _check_fal_key,
            optional=True,
        ),
    }
    write_private(env_file, known | {name: value for name, value in answers.items() if value})
    typer.echo(f"\nWritten to {env_file}, readable by you alone. Start the bot with: sora-bot run")
    typer.echo("Then type /sora in a channel, or /invite @sora first in a private one.")


async def _check_fal_key(key: str) -> str:
    """One free look with the key; nothing is made."""
    protocol = load_catalogue().protocols[FAL.protocol]
    url = os.environ.get("SORA_FAL_URL", "")
    async with FAL.opened(Secrets(key=key), protocol, SystemClock(), url) as fal:
        problem = await check_service(fal)
    return problem.detail if problem is not None else ""


def _asked(question: str, known: str | None, check: Check, *, optional: bool = False) -> str:
    while True:
        told = typer.prompt(question, default=known or "", hide_input=True, show_default=False).strip()
        if not told and optional:
            return ""
        problem = asyncio.run(check(told)) if told else "Nothing was pasted."
        if not problem:
            typer.echo("   Works.")
            return str(told)
        typer.echo(f"   {problem}")


def write_private(path: Path, values: dict[str, str]) -> None:
    """Write `.env` so that no other user of this machine can read it, not even for a moment."""
    beside = path.with_name(path.name + ".new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        for name, value in values.items():
            file.write(f"{name}={_quoted(value)}\n")
    beside.replace(path)


def _quoted(value: str) -> str:
    plain = all(character.isalnum() or character in "-_./:@+," for character in value)
    return value if plain else "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
