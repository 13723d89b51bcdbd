"""What videos took lately, read once a minute and only for who asks the fastest first."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import cast

import pytest
from scripted_service import a_model, an_upstream
from virtual_clock import VirtualClock

from bot.jobs.paces import Paces
from bot.jobs.ports import PastEnd
from bot.providers.base import VideoProvider
from bot.upstreams.policy import Policy, Routing
from bot.upstreams.registry import Registry


@dataclass
class History:
    took_s: dict[str, list[float]]
    asked: list[str] = field(default_factory=list)

    async def recent_ends(self, upstream: str, _model: str, *, limit: int) -> tuple[PastEnd, ...]:
        self.asked.append(upstream)
        at = datetime(2026, 11, 21, tzinfo=UTC)
        return tuple(PastEnd(took_s=each, ended_at=at, announced=False) for each in self.took_s[upstream][:limit])


def paces(policy: Policy, history: History, clock: VirtualClock) -> Paces:
    provider = cast(VideoProvider, object())
    upstreams = [an_upstream(provider, name, models=(a_model(),)) for name in history.took_s]
    return Paces(registry=Registry(upstreams, routing=Routing(policy=policy)), history=history, clock=clock)


async def test_the_middle_of_what_it_took_counts_once_there_are_enough_of_them() -> None:
    history, clock = History({"busy": [50, 70, 60, 400, 65], "new": [10, 10]}), VirtualClock()
    lately = paces(Policy.FASTEST, history, clock)
    assert await lately.lately() == {("busy", "wave-1"): 65}
    history.took_s["new"] = [20] * 5
    assert await lately.lately() == {("busy", "wave-1"): 65}
    assert history.asked == ["busy", "new"]
    await clock.advance(120)
    assert await lately.lately() == {("busy", "wave-1"): 65, ("new", "wave-1"): 20}


@pytest.mark.parametrize("policy", [Policy.OFFICIAL, Policy.CHEAPEST])
async def test_nobody_reads_history_for_another_policy(policy: Policy) -> None:
    history = History({"busy": [50] * 9})
    assert await paces(policy, history, VirtualClock()).lately() == {}
    assert history.asked == []
