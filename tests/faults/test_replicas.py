"""Two bot processes on one Postgres: one dies, one is told to go, news arrives at the one that does not need it."""

import time
from pathlib import Path

import pytest
from faults.replicas import RECOVER_AFTER_S, Replica, ReplicaTown, a_replica_town, until

from bot.demo.faults import Drop
from bot.demo.videos.faults import StickRender

pytestmark = pytest.mark.own_database

ADMIN = "U0BEN00002"
AT_ONCE_S = 2.0
"""Well below every sweep: rings are swept after 10 s, and a poll that was not asked for comes after a minute."""
HINT_MS = 60_000
HTTP = {"SLACK_APP_TOKEN": ""}


def listens(town: ReplicaTown, replica: Replica) -> None:
    """From now on Slack's requests and the service's webhooks arrive there."""
    town.slack.events_url = f"{replica.origin}/slack/events"
    town.videos.webhooks.url = f"{replica.origin}/webhooks/videos"


async def other_than_the_teller(town: ReplicaTown, replicas: list[Replica]) -> Replica:
    teller = await town.teller(replicas, town.ordered)
    return next(each for each in replicas if each is not teller)


async def test_one_of_two_is_killed_and_the_other_delivers_everything_once(tmp_path: Path) -> None:
    async with a_replica_town(tmp_path, render_s=2.0) as town:
        town.settings["SORA_RUNNING_MAX"] = "5"
        async with town.replicas("one", "two") as (one, two):
            await town.order(10)
            await until(lambda: len(town.videos.accepted) == 10 and not town.submitting())
            one, two = town.busier_first(one, two)
            one.kill()
            killed_at = time.monotonic()
            (lost,) = await until(lambda: two.said("peer_lost"))
            assert time.monotonic() - killed_at < 3 * RECOVER_AFTER_S
            assert (lost["peers"], lost["stories"] > 0) == (one.name, True)
            town.card_lease_runs_out()
            await town.settled()
            assert town.wrong() == []


async def test_one_of_two_is_told_to_go_and_the_other_goes_on_at_once(tmp_path: Path) -> None:
    async with a_replica_town(tmp_path, render_s=2.0) as town:
        # Nobody could be taken for dead before a minute is over.
        town.settings |= {"SORA_FENCE_AFTER_S": "60", "SORA_RECOVER_AFTER_S": "120"}
        async with town.replicas("one", "two") as (one, two):
            await town.order(4)
            await until(lambda: len(town.videos.accepted) == 4 and not town.submitting())
            one, two = town.busier_first(one, two)
            left = set(town.stories_of(one))
            assert await one.end() < 10
            assert one.process.code == 0

            await until(lambda: left <= set(town.stories_of(two)), within_s=AT_ONCE_S)
            await town.settled()
            assert town.wrong() == []


async def test_a_webhook_at_the_other_replica_is_known_at_once(tmp_path: Path) -> None:
    async with a_replica_town(tmp_path, poll_after_ms=HINT_MS) as town:
        town.settings |= HTTP
        async with town.replicas("one", "two") as replicas:
            listens(town, replicas[0])
            town.videos.webhooks.muted = True
            town.videos.faults.add("create", StickRender())
            await town.order()
            await until(lambda: town.videos.accepted)
            listens(town, await other_than_the_teller(town, replicas))
            await until(lambda: town.videos.calls.of("retrieve"))
            town.videos.webhooks.muted = False
            town.videos.accepted[0].may_finish.set()
            await until(lambda: town.films() == 1, within_s=AT_ONCE_S)
            await town.settled()
            assert town.wrong() == []


async def test_a_cancel_at_the_other_replica_stops_the_render_at_once(tmp_path: Path) -> None:
    async with a_replica_town(tmp_path, variant="vllm_omni", poll_after_ms=HINT_MS) as town:
        town.settings |= HTTP
        async with town.replicas("one", "two") as replicas:
            listens(town, replicas[0])
            town.videos.faults.add("create", StickRender())
            await town.order()
            await until(lambda: town.videos.calls.of("retrieve"))
            listens(town, await other_than_the_teller(town, replicas))
            (card,) = town.cards()
            await town.slack.click("ada", card, "sora_cancel")
            await until(town.states, lambda states: states == ["cancelled"], within_s=AT_ONCE_S)
            assert len(town.videos.calls.of("delete")) == 1
            await until(lambda: "ancelled" in town.cards()[0].text, within_s=AT_ONCE_S)
            assert (town.books().paid_usd_micros, town.books().exact, town.films()) == (0, True, 0)


async def test_an_admins_answer_at_the_other_replica_goes_on_at_once(tmp_path: Path) -> None:
    async with a_replica_town(tmp_path, variant="relay") as town:
        town.settings |= HTTP | {"SORA_ADMINS": ADMIN}
        async with town.replicas("one", "two") as replicas:
            listens(town, replicas[0])
            town.videos.faults.add("create", Drop(processed=False))
            await town.order()
            await until(town.states, lambda states: states == ["checking"])
            listens(town, await other_than_the_teller(town, replicas))
            town.later(minutes=1)
            await until(lambda: town.slack.messages(ADMIN, town.slack.bot_user_id))
            asked = town.slack.messages(ADMIN, town.slack.bot_user_id)[0]
            await town.slack.click(ADMIN, asked, "sora_was_not_made")
            await until(lambda: town.videos.accepted, within_s=AT_ONCE_S)
            await town.settled()
            assert town.wrong() == []
