"""Hundreds wait for a slot: what that costs, and who is next."""

import asyncio
from datetime import timedelta

from virtual_clock import START, VirtualClock

from bot.jobs.lines import AT_ONCE, IN_VAIN_MAX, LOOK_EVERY_S, LOOK_MAX_S, Lines
from bot.jobs.wakes import Wakes


class Service:
    """A line in front of it, and how often somebody looked whether there is room."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.wakes = Wakes(self.clock)
        self.lines = Lines(self.wakes)
        self.looks = 0
        self.has_room = False
        self.served: list[int] = []

    async def room(self) -> bool:
        self.looks += 1
        return self.has_room

    async def customer(self, number: int) -> None:
        since = START + timedelta(seconds=number)
        await self.lines.turn("fal", str(number), since=since, room=self.room)
        self.served.append(number)

    async def wait(self, seconds: float) -> None:
        for _ in range(round(seconds)):
            await self.clock.advance(1)


async def test_five_hundred_who_wait_are_a_handful_of_looks_and_a_freed_slot_goes_to_the_first() -> None:
    service = Service()
    async with asyncio.TaskGroup() as group:
        customers = [group.create_task(service.customer(number)) for number in reversed(range(500))]
        await service.wait(60)
        assert service.served == []
        assert service.looks <= AT_ONCE * 60 / LOOK_EVERY_S
        for _ in range(3):
            service.lines.freed("fal")
            await service.wait(1)
        assert service.served == [0, 1, 2]
        for each in customers:
            each.cancel()


async def test_room_that_another_process_made_is_seen_by_those_who_have_waited_longest() -> None:
    service = Service()
    async with asyncio.TaskGroup() as group:
        customers = [group.create_task(service.customer(number)) for number in range(50)]
        await service.wait(10)
        service.has_room = True
        await service.wait(3)
        assert sorted(service.served) == list(range(AT_ONCE))
        for each in customers:
            each.cancel()


async def test_who_waits_for_something_else_than_room_neither_keeps_others_waiting_nor_looks_all_the_time() -> None:
    service = Service()
    service.has_room = True
    visits = 0

    async def stubborn() -> None:
        nonlocal visits
        while True:
            await service.customer(0)
            visits += 1

    async with asyncio.TaskGroup() as group:
        stays = group.create_task(stubborn())
        await service.wait(10)
        group.create_task(service.customer(1))
        await service.wait(3)
        assert 1 in service.served
        for _ in range(60):
            await service.clock.advance(10)
        assert visits <= IN_VAIN_MAX + 600 / LOOK_MAX_S + 3
        stays.cancel()


async def test_a_cancel_ends_the_waiting_at_once() -> None:
    service = Service()
    async with asyncio.TaskGroup() as group:
        group.create_task(service.customer(1))
        await service.wait(1)
        assert service.wakes.wake("1")
        await service.wait(1)
    assert service.served == [1]
