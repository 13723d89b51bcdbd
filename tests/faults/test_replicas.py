"""Two bot processes on one Postgres, Slack by Socket Mode. Judged from the outside."""

import asyncio
import time
from pathlib import Path

from faults.replicas import RECOVER_AFTER_S, a_replica_town, until


async def test_one_of_two_is_killed_and_the_other_delivers_everything_once(tmp_path: Path) -> None:
    async with a_replica_town(tmp_path, render_s=1.0) as town:
        town.settings["SORA_RUNNING_MAX"] = "5"
        async with town.replicas("one", "two") as (one, two):
            await town.order(10)
            await town.slack.until(lambda: len(town.videos.accepted) >= 5)
            mine = town.rows(
                "SELECT count(*) FROM dbos.workflow_status WHERE status='PENDING' AND executor_id=%s", one.name
            )
            print("stories of one", mine)
            one.kill()
            killed = time.monotonic()
            await until(lambda: asyncio.to_thread(two.said, "peer_lost"), len)
            print("lost after", time.monotonic() - killed)
            await town.settled()
            print("settled after", time.monotonic() - killed)
            assert town.wrong() == []
