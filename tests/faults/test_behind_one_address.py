"""HTTP mode: two bots behind one address. Requests spread, a repeated one orders once, a sick bot is passed over."""

import asyncio
from pathlib import Path

import pytest
from faults.cable import Balancer, Cable, a_cable, to_socket
from faults.replicas import Replica, ReplicaTown, a_replica_town, until
from sqlalchemy import make_url

pytestmark = pytest.mark.own_database

SICK_WITHIN_S = 6
SETTINGS = {"SLACK_APP_TOKEN": "", "SORA_FENCE_AFTER_S": "20", "SORA_RECOVER_AFTER_S": "30"}


def at(replica: Replica, town: ReplicaTown) -> None:
    town.slack.events_url = f"{replica.origin}/slack/events"


async def test_requests_spread_and_a_sick_bot_gets_none_until_it_is_well(tmp_path: Path) -> None:
    async with a_replica_town(tmp_path) as town:
        where = make_url(town.database_url)
        async with a_cable(to_socket(f"{where.query['host']}/.s.PGSQL.5432")) as cable:
            town.settings |= SETTINGS
            through = f"postgresql://postgres@127.0.0.1:{cable.port}/{where.database}"
            async with town.replica("one", SORA_DATABASE_URL=through) as one, town.replica("two") as two:
                balancer = Balancer([one, two])
                async with a_cable(balancer.dial) as door, asyncio.TaskGroup() as background:
                    watching = background.create_task(balancer.watch(left=door.hang_up))
                    town.slack.events_url = f"http://127.0.0.1:{door.port}/slack/events"
                    await until(lambda: balancer.good == [one, two])
                    await asyncio.gather(*(town.order() for _ in range(4)))
                    assert {each.port for each in balancer.sent} == {one.port, two.port}
                    await _is_passed_over(town, balancer, cable, sick=one, well=two)
                    await town.settled()
                    assert town.wrong() == []
                    watching.cancel()


async def _is_passed_over(town: ReplicaTown, balancer: Balancer, cable: Cable, *, sick: Replica, well: Replica) -> None:
    cable.cut()
    await until(lambda: balancer.good == [well], within_s=SICK_WITHIN_S)
    status, problems = await sick.readiness()
    assert (status, "database" in problems) == (503, True)
    balancer.sent.clear()
    await asyncio.gather(*(town.order() for _ in range(3)))
    assert {each.port for each in balancer.sent} == {well.port}
    cable.mend()
    await until(lambda: balancer.good == [sick, well], within_s=SICK_WITHIN_S)


async def test_a_request_that_comes_again_to_the_other_bot_orders_once(tmp_path: Path) -> None:
    async with a_replica_town(tmp_path) as town:
        town.settings |= SETTINGS
        async with town.replicas("one", "two") as (one, two):
            at(one, town)
            await town.order()
            command = town.slack.delivered[-1]
            at(two, town)
            again = await town.slack.deliveries.deliver(command.kind, command.told, attempt=1, reason="timeout")
            assert again.acked
            await _both_at_once(town, one, two)
            await town.settled()
            assert town.wrong() == []


async def _both_at_once(town: ReplicaTown, one: Replica, two: Replica) -> None:
    """The same click at the same moment at both; the answer of one was slow, and Slack is impatient."""
    at(one, town)
    first = asyncio.ensure_future(town.order())
    await until(lambda: town.slack.delivered[-1].told["text"] == "wave number 1 --4s")
    told = town.slack.delivered[-1]
    at(two, town)
    second = await town.slack.deliveries.deliver(told.kind, told.told, attempt=1, reason="timeout")
    await first
    assert second.acked
