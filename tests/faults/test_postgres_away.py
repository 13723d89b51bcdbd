"""The database restarts, or is cut off, with videos under way: nothing is lost, nothing happens twice."""

import asyncio
from pathlib import Path

import databases
import pytest
from faults.cable import Cable, Way, a_cable, to_socket
from faults.replicas import ReplicaTown, a_replica_town, until
from sqlalchemy import make_url

from bot.cli.run import STOP_WITHIN_S

pytestmark = pytest.mark.own_database

PATIENT = {"SORA_FENCE_AFTER_S": "20", "SORA_RECOVER_AFTER_S": "30"}
"""As they are out of the box: trouble of a few seconds is waited out."""


def socket_of(town: ReplicaTown) -> str:
    return f"{make_url(town.database_url).query['host']}/.s.PGSQL.5432"


def through(cable: Cable, town: ReplicaTown) -> str:
    return f"postgresql://postgres@127.0.0.1:{cable.port}/{make_url(town.database_url).database}"


@pytest.mark.parametrize("mode", ["fast", "immediate"])
async def test_the_server_restarts(tmp_path: Path, mode: str) -> None:
    async with a_replica_town(tmp_path, render_s=1.0) as town:
        town.settings |= PATIENT
        async with town.replicas("one", "two"):
            await town.order(4)
            await until(lambda: len(town.videos.accepted) == 4 and not town.submitting())
            await asyncio.to_thread(databases.restart, mode)
            await town.settled()
            assert town.wrong() == []


async def test_the_database_is_cut_off_for_seconds_and_nobody_is_taken_for_dead(tmp_path: Path) -> None:
    async with a_replica_town(tmp_path, render_s=1.0) as town:
        async with a_cable(to_socket(socket_of(town))) as cable:
            town.settings |= PATIENT | {"SORA_DATABASE_URL": through(cable, town)}
            async with town.replicas("one", "two") as replicas:
                await town.order(4)
                await until(lambda: len(town.videos.accepted) == 4 and not town.submitting())
                cable.cut()
                await asyncio.sleep(3)
                assert [status for status, _ in [await each.readiness() for each in replicas]] == [503, 503]
                cable.mend()
                await town.settled()
                assert [each.said("peer_lost") for each in replicas] == [[], []]
                assert town.wrong() == []


async def test_one_that_gets_no_answers_ends_and_the_other_delivers(tmp_path: Path) -> None:
    async with a_replica_town(tmp_path, render_s=2.0) as town:
        async with a_cable(to_socket(socket_of(town))) as cable:
            cut_off = town.replica("one", SORA_DATABASE_URL=through(cable, town))
            async with cut_off as one, town.replica("two") as two:
                await town.order(4)
                await until(lambda: len(town.videos.accepted) == 4 and not town.submitting())
                cable.swallows = {Way.BACK}
                assert await one.code(STOP_WITHIN_S + 20) == 1
                assert "others may take our place" in one.said("the bot ends")[0]["event"]
                town.card_lease_runs_out()
                await town.settled()
                assert town.wrong() == []
                assert (await two.readiness())[0] == 200
