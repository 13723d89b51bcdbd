"""A process that is stopped (SIGSTOP, a shut laptop, a moved machine), taken for dead, and wakes does nothing twice.

It notices nothing of its absence by itself. On waking it finds that it was silent for too long, says so and ends.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from faults.commit_gate import commit_gate
from faults.replicas import Replica, ReplicaTown, a_replica_town, until
from slack_sdk.web.async_client import AsyncWebClient

from bot.demo.faults import Kill
from bot.demo.videos.faults import StickRender

pytestmark = pytest.mark.own_database

ENDS_WITHIN_S = 10


@dataclass(kw_only=True)
class Asleep:
    """Who was stopped and who goes on."""

    stopped: Replica
    other: Replica


async def taken_over(who: Asleep) -> None:
    await until(lambda: who.other.said("peer_lost"))


async def wakes_and_ends(who: Asleep) -> None:
    who.stopped.wake()
    assert await who.stopped.code(ENDS_WITHIN_S) == 1
    (last,) = who.stopped.said("the bot ends")
    assert "no heartbeat for" in last["event"]
    assert "others may take our place" in last["event"]


@asynccontextmanager
async def a_pair(folder: Path) -> AsyncIterator[tuple[ReplicaTown, list[Replica]]]:
    async with a_replica_town(folder) as town, town.replicas("one", "two") as replicas:
        yield town, replicas


async def asleep(town: ReplicaTown, replicas: list[Replica]) -> Asleep:
    stopped = await town.teller(replicas, town.ordered)
    stopped.stop()
    return Asleep(stopped=stopped, other=next(each for each in replicas if each is not stopped))


async def test_stopped_between_the_intent_and_the_post(tmp_path: Path) -> None:
    async with a_pair(tmp_path) as (town, replicas):
        async with commit_gate(town.database_url, "attempt", "intent") as gate:
            await town.order()
            await gate.reached()
            who = await asleep(town, replicas)
        await until(town.states, lambda states: states == ["checking"])
        await taken_over(who)
        assert town.videos.accepted == []
        await wakes_and_ends(who)
        town.later(minutes=3)  # past the deadline and the listing's lag: what is not listed was not made
        town.card_lease_runs_out()
        await town.settled()
        assert town.wrong() == []


@pytest.mark.parametrize("method", ["upload", "files.completeUploadExternal"])
async def test_stopped_with_the_bytes_at_slack(tmp_path: Path, method: str) -> None:
    async with a_pair(tmp_path) as (town, replicas):
        found: list[Asleep] = []

        async def strike() -> None:
            found.append(await asleep(town, replicas))

        town.slack.faults.add(method, Kill(strike=strike))
        await town.order()
        (who,) = await until(lambda: found)
        await taken_over(who)
        await until(lambda: town.films() == 1)
        await wakes_and_ends(who)
        town.card_lease_runs_out()
        await town.settled()
        assert town.wrong() == []


async def test_stopped_between_the_claim_of_a_delivery_and_its_completion(tmp_path: Path) -> None:
    async with a_pair(tmp_path) as (town, replicas):
        async with commit_gate(town.database_url, "delivery", "completing") as gate:
            await town.order()
            await gate.reached()
            who = await asleep(town, replicas)
        await taken_over(who)
        assert town.films() == 0
        await wakes_and_ends(who)
        town.card_lease_runs_out()
        await town.settled()
        assert town.wrong() == []


async def test_an_edit_of_a_stopped_card_writer_that_lands_late_does_not_win(tmp_path: Path) -> None:
    async with a_replica_town(tmp_path) as town, town.replica("one") as one:
        town.videos.faults.add("create", StickRender())
        await town.order()
        await until(lambda: town.cards() and "Making" in town.cards()[0].text)
        (before,) = town.cards()
        stale = {"channel": before.channel_id, "ts": before.ts, "text": before.text, "blocks": before.blocks}
        async with town.replica("two") as two:
            one.stop()
            who = Asleep(stopped=one, other=two)
            await taken_over(who)
            town.card_lease_runs_out()
            town.videos.accepted[0].may_finish.set()
            await town.settled()
            await AsyncWebClient(token=town.slack.bot_token, base_url=town.slack.api_url).chat_update(**stale)
            assert town.finished_cards() == 0
            await wakes_and_ends(who)
            town.final_repeats_are_due()
            await town.settled()
            assert town.wrong() == []
