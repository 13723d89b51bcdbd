"""Living beside other processes, on a clock of our own: who is taken over, and who ends itself before it is."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest
from virtual_clock import VirtualClock

from bot.jobs.book import BookAway
from bot.jobs.peers import Beats, FencedError, Peers


class Register:
    """What the database does: hears everybody by one clock of its own, or does not answer."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self.seen: dict[str, float] = {}
        self.with_stories: set[str] = set()
        self.away = False
        self.answers_about_the_dead = asyncio.Event()
        self.answers_about_the_dead.set()

    async def beat(self, me: str) -> None:
        self._answer()
        self.seen[me] = self._clock.now().timestamp()

    async def dead(self, *, silent_s: float) -> frozenset[str]:
        self._answer()
        await self.answers_about_the_dead.wait()
        living = {name for name, at in self.seen.items() if self._clock.now().timestamp() - at < silent_s}
        return frozenset(self.with_stories - living)

    async def leave(self, *names: str) -> None:
        self._answer()
        for name in names:
            self.seen.pop(name, None)

    def _answer(self) -> None:
        if self.away:
            raise BookAway("no answer")


class Around:
    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.register = Register(self.clock)
        self.taken: list[tuple[str, ...]] = []
        self.alarms: list[tuple[str, Mapping[str, object]]] = []

    def peers(self, me: str) -> Peers:
        async def take_over(dead: Sequence[str]) -> int:
            self.taken.append((me, *dead))
            self.register.with_stories -= set(dead)
            return 3

        async def alarm(name: str, facts: Mapping[str, object]) -> None:
            self.alarms.append((name, facts))

        return Peers(me, book=self.register, take_over=take_over, clock=self.clock, alarm=alarm, beats=Beats())


async def turn(peers: Peers) -> None:
    """What happens every five seconds."""
    await peers.beat()
    await peers.look_after_the_dead()


async def test_who_is_silent_for_thirty_seconds_is_taken_over_once_and_that_is_said() -> None:
    around = Around()
    alive, dying = around.peers("alive"), around.peers("dying")
    await alive.join()
    await dying.join()
    around.register.with_stories = {"alive", "dying"}
    for _ in range(5):
        await around.clock.advance(5)
        await turn(alive)
    assert around.taken == []
    for _ in range(3):
        await around.clock.advance(5)
        await turn(alive)
    assert around.taken == [("alive", "dying")]
    assert around.alarms == [("peer_lost", {"peers": "dying", "stories": 3})]


async def test_who_leaves_in_order_is_taken_over_at_the_next_beat() -> None:
    around = Around()
    staying, leaving = around.peers("staying"), around.peers("leaving")
    await staying.join()
    await leaving.join()
    around.register.with_stories = {"leaving"}
    await leaving.leave()
    await turn(staying)
    assert around.taken == [("staying", "leaving")]


async def test_stories_of_somebody_nobody_ever_heard_of_are_taken_over_too() -> None:
    around = Around()
    first = around.peers("first")
    await first.join()
    around.register.with_stories = {"of-yesterday"}
    await turn(first)
    assert around.taken == [("first", "of-yesterday")]


async def test_who_is_still_starting_lives_and_takes_nothing_over_yet() -> None:
    around = Around()
    starting = around.peers("starting")
    await starting.join()
    around.register.with_stories = {"of-yesterday", "starting"}
    for _ in range(12):
        await around.clock.advance(5)
        await starting.beat()
    assert around.taken == []
    other = around.peers("other")
    await other.join()
    await turn(other)
    assert around.taken == [("other", "of-yesterday")]
    around.register.with_stories = {"of-today"}
    await turn(starting)
    assert around.taken[1:] == [("starting", "of-today")]


async def test_a_process_whose_beats_do_not_arrive_becomes_unready_and_then_ends_itself_before_it_is_taken_over() -> (
    None
):
    around = Around()
    cut = around.peers("cut")
    await cut.join()
    around.register.away = True
    await around.clock.advance(11)
    await turn(cut)
    assert cut.problem() == "no heartbeat for 11 s"
    await around.clock.advance(9)
    with pytest.raises(FencedError, match="no heartbeat for 20 s"):
        await turn(cut)


async def test_a_question_that_is_never_answered_keeps_nobody_from_the_fence() -> None:
    around = Around()
    cut = around.peers("cut")
    await cut.join()
    around.register.answers_about_the_dead.clear()
    async with asyncio.TaskGroup() as group:
        inheriting = group.create_task(cut.inherit())
        beating = group.create_task(fenced(cut))
        await around.clock.advance(5)
        around.register.away = True
        for _ in range(5):
            await around.clock.advance(5)
        assert await beating
        inheriting.cancel()


async def fenced(peers: Peers) -> bool:
    """When it has ended itself."""
    with pytest.raises(FencedError):
        await peers.run()
    return True


async def test_a_short_absence_of_the_database_is_forgiven() -> None:
    around = Around()
    cut = around.peers("cut")
    await cut.join()
    around.register.away = True
    await around.clock.advance(15)
    await turn(cut)
    around.register.away = False
    await turn(cut)
    assert cut.problem() == ""
    await around.clock.advance(15)
    await turn(cut)


async def test_who_was_stopped_for_long_does_not_beat_as_if_nothing_had_been() -> None:
    around = Around()
    woken = around.peers("woken")
    await woken.join()
    before = dict(around.register.seen)
    await around.clock.advance(120)
    with pytest.raises(FencedError):
        await turn(woken)
    assert around.register.seen == before


async def test_leaving_while_the_database_is_away_is_no_reason_not_to_stop() -> None:
    around = Around()
    leaving = around.peers("leaving")
    await leaving.join()
    around.register.away = True
    await leaving.leave()


@pytest.mark.parametrize(("beat", "fence", "recover"), [(5, 5, 30), (5, 30, 30), (0, 20, 30), (5, 40, 30)])
def test_times_that_would_take_over_the_living_are_refused(beat: float, fence: float, recover: float) -> None:
    with pytest.raises(ValueError, match="a process must beat before it is fenced"):
        Beats(beat_s=beat, fence_after_s=fence, recover_after_s=recover)
