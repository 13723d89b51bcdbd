"""Twenty who ask at once share one look; one who asks later gets a new one."""

import asyncio

import pytest

from bot.jobs.single_flight import SingleFlight


class Looks:
    """Answers with how many looks there have been, when it is told to."""

    def __init__(self) -> None:
        self.begun = 0
        self.may_end = asyncio.Event()

    async def look(self) -> int:
        self.begun += 1
        count = self.begun
        await self.may_end.wait()
        return count


async def asked(flight: SingleFlight, looks: Looks, *, what: str = "team") -> "asyncio.Task[int]":
    task = asyncio.ensure_future(flight.look(what, looks.look))
    await asyncio.sleep(0)
    return task


async def test_everybody_who_asks_while_a_look_is_under_way_gets_its_answer() -> None:
    flight, looks = SingleFlight(), Looks()
    tasks = [await asked(flight, looks) for _ in range(20)]
    looks.may_end.set()
    assert await asyncio.gather(*tasks) == [1] * 20


async def test_a_later_question_is_answered_anew() -> None:
    flight, looks = SingleFlight(), Looks()
    looks.may_end.set()
    assert [await flight.look("team", looks.look), await flight.look("team", looks.look)] == [1, 2]


async def test_different_questions_are_not_mixed_up() -> None:
    flight, looks = SingleFlight(), Looks()
    tasks = [await asked(flight, looks, what=each) for each in ("one", "other")]
    looks.may_end.set()
    assert await asyncio.gather(*tasks) == [1, 2]


async def test_an_error_is_told_to_all_and_kept_for_nobody() -> None:
    flight, looks = SingleFlight(), Looks()

    async def fails() -> int:
        await looks.may_end.wait()
        raise ValueError("no database")

    began = asyncio.ensure_future(flight.look("team", fails))
    await asyncio.sleep(0)
    joined = await asked(flight, looks)
    looks.may_end.set()
    for task in (began, joined):
        with pytest.raises(ValueError, match="no database"):
            await task
    assert await flight.look("team", looks.look) == 1


async def test_a_look_whose_beginner_is_cancelled_is_begun_again_by_one_who_waits() -> None:
    flight, looks = SingleFlight(), Looks()
    tasks = [await asked(flight, looks) for _ in range(3)]
    tasks[0].cancel()
    while looks.begun < 2:
        await asyncio.sleep(0)
    looks.may_end.set()
    assert await asyncio.gather(*tasks[1:]) == [2, 2]


async def test_one_who_stops_waiting_stops_nobody_else() -> None:
    flight, looks = SingleFlight(), Looks()
    began, left, stays = [await asked(flight, looks) for _ in range(3)]
    left.cancel()
    looks.may_end.set()
    assert [await began, await stays] == [1, 1]
