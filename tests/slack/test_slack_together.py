"""Twenty who ask at once share one look; one who asks later gets a new one."""

import asyncio

import pytest

from bot.slack.together import Together


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


async def asked(together: Together, looks: Looks, *, what: str = "team") -> "asyncio.Task[int]":
    task = asyncio.ensure_future(together.look(what, looks.look))
    await asyncio.sleep(0)
    return task


async def test_everybody_who_asks_while_a_look_is_under_way_gets_its_answer() -> None:
    together, looks = Together(), Looks()
    tasks = [await asked(together, looks) for _ in range(20)]
    looks.may_end.set()
    assert await asyncio.gather(*tasks) == [1] * 20


async def test_a_later_question_is_answered_anew() -> None:
    together, looks = Together(), Looks()
    looks.may_end.set()
    assert [await together.look("team", looks.look), await together.look("team", looks.look)] == [1, 2]


async def test_different_questions_are_not_mixed_up() -> None:
    together, looks = Together(), Looks()
    tasks = [await asked(together, looks, what=each) for each in ("one", "other")]
    looks.may_end.set()
    assert await asyncio.gather(*tasks) == [1, 2]


async def test_an_error_is_told_to_all_and_kept_for_nobody() -> None:
    together, looks = Together(), Looks()

    async def fails() -> int:
        await looks.may_end.wait()
        raise ValueError("no database")

    began = asyncio.ensure_future(together.look("team", fails))
    await asyncio.sleep(0)
    joined = await asked(together, looks)
    looks.may_end.set()
    for task in (began, joined):
        with pytest.raises(ValueError, match="no database"):
            await task
    assert await together.look("team", looks.look) == 1


async def test_a_look_whose_beginner_is_cancelled_is_begun_again_by_one_who_waits() -> None:
    together, looks = Together(), Looks()
    tasks = [await asked(together, looks) for _ in range(3)]
    tasks[0].cancel()
    while looks.begun < 2:
        await asyncio.sleep(0)
    looks.may_end.set()
    assert await asyncio.gather(*tasks[1:]) == [2, 2]


async def test_one_who_stops_waiting_stops_nobody_else() -> None:
    together, looks = Together(), Looks()
    began, left, stays = [await asked(together, looks) for _ in range(3)]
    left.cancel()
    looks.may_end.set()
    assert [await began, await stays] == [1, 1]
