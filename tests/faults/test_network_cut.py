"""The network to the video service or to Slack swallows what is sent, or what is answered; both are slow at once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from faults.cable import Cable, Way, a_cable, to_port
from faults.replicas import Replica, ReplicaTown, a_replica_town, until

from bot.demo.faults import Delay
from bot.demo.videos.calls import Operation

pytestmark = pytest.mark.own_database

CUT_S = 2.0
SLACK_LATE_S, SERVICE_LATE_S = 2.0, 1.0

SLOW_METHODS = (
    "chat.postMessage",
    "chat.update",
    "files.getUploadURLExternal",
    "upload",
    "files.completeUploadExternal",
    "files.info",
)


@asynccontextmanager
async def cables(folder: Path) -> AsyncIterator[tuple[ReplicaTown, Cable, Cable]]:
    """A town whose services are reached through cables: the video service's, and Slack's."""
    async with a_replica_town(folder) as town:
        slack_port = urlsplit(town.slack.origin).port or 0
        async with a_cable(to_port(town.videos.port)) as videos, a_cable(to_port(slack_port)) as slack:
            town.slack.world.origin = f"http://127.0.0.1:{slack.port}"
            town.settings |= {
                "SORA_VIDEOS_URL": f"http://127.0.0.1:{videos.port}/v1",
                "SLACK_APP_TOKEN": "",
                "SLACK_API_URL": town.slack.api_url,
            }
            yield town, videos, slack


def listens(town: ReplicaTown, replica: Replica) -> None:
    town.slack.events_url = f"{replica.origin}/slack/events"
    town.videos.webhooks.url = f"{replica.origin}/webhooks/videos"
    town.videos.webhooks.muted = True


async def test_the_way_to_the_video_service_is_cut_in_each_direction(tmp_path: Path) -> None:
    async with cables(tmp_path) as (town, videos, _), town.replicas("one", "two") as (one, _two):
        listens(town, one)
        videos.swallows = {Way.BACK}
        await town.order(2)
        await until(lambda: len(town.videos.accepted) == 2)
        assert town.submitting()
        videos.mend()
        await until(lambda: not town.submitting())
        videos.swallows = {Way.THERE}
        await asyncio.sleep(CUT_S)
        videos.mend()
        for each in town.videos.accepted:  # as the service does it, some time later
            await town.videos.webhooks.send(each.id)
        await town.settled()
        assert town.wrong() == []


async def test_the_way_to_slack_is_cut_in_each_direction_while_videos_are_delivered(tmp_path: Path) -> None:
    async with cables(tmp_path) as (town, _, slack), town.replicas("one", "two") as (one, _two):
        listens(town, one)
        await town.order(2)
        await until(lambda: town.videos.calls.of(Operation.CONTENT))
        for way in Way:
            slack.swallows = {way}
            await asyncio.sleep(CUT_S)
            slack.mend()
            await asyncio.sleep(CUT_S / 4)
        await town.settled()
        assert town.wrong() == []


async def test_slack_and_the_video_service_are_slow_at_once(tmp_path: Path) -> None:
    async with a_replica_town(tmp_path) as town:
        for method in SLOW_METHODS:
            town.slack.faults.add(method, Delay(seconds=SLACK_LATE_S), times=None)
        for operation in (Operation.CREATE, Operation.RETRIEVE, Operation.CONTENT):
            town.videos.faults.add(operation, Delay(seconds=SERVICE_LATE_S), times=None)
        async with town.replicas("one", "two"):
            await town.order(2)
            await town.settled()
            acks = [each for each in town.slack.delivered if each.kind == "slash_commands"]
            assert [each.error for each in acks if not each.acked] == []
            assert max(each.latency_s for each in acks) < SLACK_LATE_S
            assert town.wrong() == []
