"""How soon a command is acknowledged when twenty people press Enter in the same moment.

A burst is twenty signed commands of twenty people, sent at once; latency is from the send to the whole answer. A round
is several bursts, its figure the p99 of all of them. Rounds alternate between baseline and bot, so that what else runs
on the machine meets both; the row shows the median round. After a burst of orders the bot gets the time to make the
videos: what is measured is people, not a flood.
"""

import asyncio
import gc
import itertools
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from statistics import median
from urllib.parse import urlencode

import aiohttp

from bot.clock import SystemClock
from bot.demo.slack import LocalSlack
from bot.demo.videos import LocalVideos
from bot.media.animatic import AnimaticRequest, render_animatic
from bot.slack.manifest import manifest
from tests.bench.figures import Row, middle_ms, p99
from tests.bench.processes import SECRET, Served, a_bare_app, the_bot

AT_ONCE = 20
ROUNDS = 5
STATUS_BURSTS = 20
STATUS_GOAL = 1.25
ORDER_BURSTS = 2
"""With the warm-up sixty orders, which the catalogue's bounds let the bot submit at once."""
ORDER_GOAL = 1.5
QUIET_S = 0.6
DELIVERED_WITHIN_S = 60.0

_people = itertools.count(1)
_triggers = itertools.count(1)


async def status_row(folder: Path) -> Row:
    async with (
        world(folder) as (slack, videos),
        a_bare_app(folder / "bare", slack) as bare,
        the_bot(folder / "bot", slack, videos) as ours,
        opened_client() as http,
    ):

        async def round_of(served: Served) -> float:
            return p99([each for _ in range(STATUS_BURSTS) for each in await burst(http, slack, served, status)])

        for served in (bare, ours):  # warm-up
            await round_of(served)
        rounds = [(await round_of(bare), await round_of(ours)) for _ in range(ROUNDS)]
    return _row("ack of `/sora status`", rounds, STATUS_GOAL)


async def order_row(folder: Path) -> Row:
    """A fresh bot each round: what it takes in one round is what the catalogue lets it submit in a minute."""
    rounds = []
    async with (
        world(folder) as (slack, videos),
        a_bare_app(folder / "bare", slack, commits=True) as bare,
        opened_client() as http,
    ):
        for number in range(ROUNDS):
            async with the_bot(folder / f"bot-{number}", slack, videos) as ours:
                found: dict[Served, list[float]] = {bare: [], ours: []}
                for _ in range(1 + ORDER_BURSTS):
                    for served, seconds in found.items():
                        seconds += await burst(http, slack, served, order)
                        if served is ours:
                            await delivered(slack, videos)
                    # The first burst is the warm-up; what it leaves behind is thrown away.
                rounds.append((p99(found[bare][AT_ONCE:]), p99(found[ours][AT_ONCE:])))
        wanted = ROUNDS * AT_ONCE * (1 + ORDER_BURSTS)
        if len(videos.accepted) != wanted:
            raise RuntimeError(f"{len(videos.accepted)} renders of {wanted} accepted orders")
    return _row("ack of an accepted job", rounds, ORDER_GOAL)


def _row(what: str, rounds: Sequence[tuple[float, float]], goal: float) -> Row:
    bare, ours = ([each[side] for each in rounds] for side in (0, 1))
    ratio = median(ours) / median(bare)
    return Row(
        what=f"{what}, p99 at {AT_ONCE} in parallel",
        baseline=middle_ms(bare),
        ours=middle_ms(ours),
        ratio=f"{ratio:.2f} x",
        goal=f"at most {goal:g} x",
        met=ratio <= goal,
    )


def status(_person: int) -> str:
    return "status"


def order(person: int) -> str:
    return f"a corgi surfing at sunset, take {person} --4s"


def opened_client() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=AT_ONCE))


async def burst(
    http: aiohttp.ClientSession, slack: LocalSlack, served: Served, text: Callable[[int], str]
) -> list[float]:
    """Twenty at once; bodies and signatures are ready before the first is sent."""
    letters = [letter(slack, next(_people), text) for _ in range(AT_ONCE)]
    with no_collection():
        return await asyncio.gather(*(sent(http, served.events_url, *each) for each in letters))


@contextmanager
def no_collection() -> Iterator[None]:
    """This process holds a whole Slack: a collection stops its clock and its answers for 20 ms, whoever is measured."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


async def sent(http: aiohttp.ClientSession, url: str, body: bytes, headers: dict[str, str]) -> float:
    began = time.perf_counter()
    async with http.post(url, data=body, headers=headers) as answer:
        said = await answer.text()
    seconds = time.perf_counter() - began
    if answer.status != 200 or "wrong" in said or "limit" in said:
        raise RuntimeError(f"not acknowledged: {answer.status} {said[:500]}")
    return seconds


def letter(slack: LocalSlack, person: int, text: Callable[[int], str]) -> tuple[bytes, dict[str, str]]:
    """What Slack sends when this person types the command; every trigger is another one."""
    body = urlencode({
        "token": slack.app.verification_token, "team_id": slack.team_id, "team_domain": "local",
        "channel_id": "C0VIDEOS01", "channel_name": "videos", "user_id": f"U{person:010d}", "user_name": f"p{person}",
        "command": "/sora", "text": text(person), "api_app_id": slack.app.id, "is_enterprise_install": "false",
        "response_url": f"{slack.origin}/response/{person}", "trigger_id": f"{next(_triggers)}.{person}.bench",
    })  # fmt: skip
    content = {"Content-Type": "application/x-www-form-urlencoded"}
    return body.encode(), slack.deliveries.signed(body) | content


async def delivered(slack: LocalSlack, videos: LocalVideos) -> None:
    """Until every film ordered so far is in its thread and the last cards are drawn."""
    seen = -1
    async with asyncio.timeout(DELIVERED_WITHIN_S):
        while films_shown(slack) < len(videos.accepted) or seen != len(slack.calls):
            seen = len(slack.calls)
            await asyncio.sleep(QUIET_S)


def films_shown(slack: LocalSlack) -> int:
    files = slack.workspace.files.values()
    return sum(1 for each in files if each.mimetype == "video/mp4" and each.shares)


@asynccontextmanager
async def world(folder: Path, *, render_s: float = 0.5) -> AsyncIterator[tuple[LocalSlack, LocalVideos]]:
    """A Slack without rate limits, because hundreds of cards are not the question here, and a quick service."""
    film = folder / "film.mp4"
    await asyncio.to_thread(
        render_animatic,
        AnimaticRequest(prompt="waves", length_s=4, size_px=(320, 180), audio=True, label="bench"),
        film,
    )
    async with (
        LocalSlack.running(manifest=manifest(url="http://127.0.0.1"), directory=folder / "slack") as slack,
        LocalVideos.running(
            clock=SystemClock(), directory=folder / "films", film=film, render_s=render_s, webhook_secret=SECRET
        ) as videos,
    ):
        slack.rates.enabled = False
        yield slack, videos
