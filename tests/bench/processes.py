"""The programs under measurement, each as a child process: the real bot, unmodified, and the bare Bolt app."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from bot.demo.slack import LocalSlack
from bot.demo.videos import LocalVideos

ROOT = Path(__file__).resolve().parents[2]
READY_WITHIN_S = 60.0
LOOK_EVERY_S = 0.01
MODELS = "bench-fast=0.10/s"
SECRET = "whsec_c29yYS1ib3QtYmVuY2gtc2VjcmV0LTAwMDE="
LIMITS = """
[[limits]]
scope = "person"
period = "day"
usd = 1000000

[[limits]]
scope = "workspace"
period = "month"
usd = 1000000
"""
"""High enough never to bite, and both there: looking at them is part of the work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A child that answers. `ready_s`: from its start to its first "ready"."""

    port: int
    pid: int
    ready_s: float

    @property
    def events_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/slack/events"


@asynccontextmanager
async def the_bot(
    folder: Path, slack: LocalSlack, videos: LocalVideos | None = None, **settings: str
) -> AsyncIterator[Served]:
    """`python -m bot run` in HTTP mode, on what lies in `folder`. Without `videos` the built-in preview serves."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sora.toml").write_text(LIMITS)
    port = free_port()
    told = {
        "PYTHONPATH": str(ROOT),
        "SLACK_API_URL": slack.api_url,
        "PORT": str(port),
        "SORA_HOST": "127.0.0.1",
        "SORA_DATABASE_URL": f"sqlite:///{folder}/sora.sqlite",
        "SORA_SPOOL": str(folder / "spool"),
        "SORA_QUEUED_MAX": "1000",
        "SORA_LOG_LEVEL": "WARNING",
    }
    if videos is not None:
        told |= {
            "SORA_VIDEOS_URL": videos.base_url,
            "SORA_VIDEOS_KEY": videos.key,
            "SORA_VIDEOS_MODELS": MODELS,
            "SORA_VIDEOS_VARIANT": videos.variant,
            "SORA_VIDEOS_WEBHOOK_SECRET": SECRET,
            "SORA_PUBLIC_URL": f"http://127.0.0.1:{port}",
        }
        videos.webhooks.url = f"http://127.0.0.1:{port}/webhooks/videos"
    env = environment(slack) | told | settings
    async with _child([sys.executable, "-m", "bot", "run"], folder, port, env) as served:
        yield served


@asynccontextmanager
async def a_bare_app(folder: Path, slack: LocalSlack, *, commits: bool = False) -> AsyncIterator[Served]:
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    command = [sys.executable, str(ROOT / "tests/bench/bare.py"), str(port), slack.api_url]
    command += [str(folder / "bare.sqlite")] if commits else []
    async with _child(command, folder, port, environment(slack)) as served:
        yield served


def environment(slack: LocalSlack) -> dict[str, str]:
    """Nothing of this machine's settings but where programs are."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return kept | {"SLACK_BOT_TOKEN": slack.bot_token, "SLACK_SIGNING_SECRET": slack.signing_secret}


@asynccontextmanager
async def _child(command: list[str], folder: Path, port: int, told: dict[str, str]) -> AsyncIterator[Served]:
    log = folder / "log.txt"
    with log.open("a") as written:
        began = time.perf_counter()
        child = subprocess.Popen(command, cwd=folder, env=told, stdout=written, stderr=written)
        try:
            await _ready(child, port, log)
            yield Served(port=port, pid=child.pid, ready_s=time.perf_counter() - began)
        finally:
            child.send_signal(signal.SIGTERM)
            await asyncio.to_thread(child.wait)


async def _ready(child: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    async with aiohttp.ClientSession() as http, asyncio.timeout(READY_WITHIN_S):
        while True:
            if child.poll() is not None:
                raise RuntimeError(f"the process ended at its start:\n{log.read_text()[-2000:]}")
            try:
                async with http.get(f"http://127.0.0.1:{port}/readyz") as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(LOOK_EVERY_S)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
