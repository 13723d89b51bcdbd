"""The part of the durable engine that is on disk and outlives every process: its stories and their notes."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from bot.jobs.model import Job
from bot.jobs.workflow import story_id


class Home(Protocol):
    """The life of the process that a story runs in."""

    alive: bool
    ended_at_s: float


class StoryState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    BROKEN = "broken"
    """A step raised something that is no outcome."""


@dataclass(slots=True)
class Story:
    id: str
    partition: str
    state: StoryState = StoryState.WAITING
    home: Home | None = None
    """Who runs it, or ran it and died."""
    outcomes: list[tuple[str, str]] = field(default_factory=list)
    step: str = ""
    """The one that is running."""

    @property
    def job_id(self) -> str:
        return self.id.partition(".")[0]


@dataclass
class StoryLog:
    running_max: int
    stories: dict[str, Story] = field(default_factory=dict)
    waiting: list[Story] = field(default_factory=list)
    living: dict[str, Story] = field(default_factory=dict)
    """By story id, those that run; of a dead home too."""
    by_partition: Counter[str] = field(default_factory=Counter)
    engines: list[asyncio.Event] = field(default_factory=list)
    _open: list[tuple[str, str]] = field(default_factory=list)

    def enqueue(self, _session: Any, id_: str, partition: str) -> None:
        """`jobs.ports.Enqueue`: in force when the transaction around it commits."""
        self._open.append((id_, partition))

    def committed(self) -> None:
        for id_, partition in self._open:
            if id_ in self.stories:
                raise AssertionError(f"story {id_} was enqueued twice")
            made = self.stories[id_] = Story(id_, partition)
            self.waiting.append(made)
            self.stir()
        self._open.clear()

    def stir(self) -> None:
        """Something may be free to start: every engine looks."""
        for each in self.engines:
            each.set()

    def rolled_back(self) -> None:
        self._open.clear()

    def taken(self, home: Home) -> list[Story]:
        """Waiting stories for which their person has room, oldest first."""
        taken = []
        for each in list(self.waiting):
            if self.by_partition[each.partition] < self.running_max:
                self.waiting.remove(each)
                self.by_partition[each.partition] += 1
                self.living[each.id] = each
                each.state, each.home = StoryState.RUNNING, home
                taken.append(each)
        return taken

    def ended(self, each: Story, state: StoryState) -> None:
        each.state = state
        self.by_partition[each.partition] -= 1
        del self.living[each.id]
        if self.waiting:
            self.stir()

    def lost(self, jobs: Sequence[Job]) -> list[str]:
        """`sweep.LostStories`: neither waiting nor running."""
        alive = {StoryState.WAITING, StoryState.RUNNING}
        found = {job.id: self.stories.get(story_id(job.id, job.generation)) for job in jobs}
        return [job_id for job_id, each in found.items() if each is None or each.state not in alive]
