"""Everything that watches one running bot, made once and handed to `wiring`, which puts it around the ports."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version

from bot.clock import NewId
from bot.jobs.ports import Alarm
from bot.jobs.story import Steps
from bot.observing.alarms import Alarms
from bot.observing.confidential import Confidential
from bot.observing.meters import Meters
from bot.observing.provider import watched
from bot.observing.requests import SlackWitness
from bot.observing.steps import WatchedSteps
from bot.slack.witness import Witness
from bot.upstreams.registry import Upstream


class Watch:
    def __init__(self, *, confidential: Confidential, new_id: NewId, database_url: str) -> None:
        self.confidential = confidential
        self.meters = Meters()
        self.meters.build.labels(version=_version(), database=database_url.partition(":")[0].partition("+")[0]).set(1)
        self.alarm: Alarm = Alarms(self.meters).raised
        self.witness: Witness = SlackWitness(meters=self.meters, confidential=confidential)
        self._new_id = new_id

    def services(self, upstreams: Iterable[Upstream]) -> tuple[Upstream, ...]:
        """The same accounts, every call to them seen."""
        return tuple(
            replace(each, provider=watched(each.provider, service=each.name, meters=self.meters)) for each in upstreams
        )

    def renders(self, watching: Callable[[], int]) -> None:
        """`watching` is asked at every scrape."""
        self.meters.watched.set_function(watching)

    def steps(self, steps: Steps) -> Steps:
        return WatchedSteps(steps, meters=self.meters, new_id=self._new_id)


def _version() -> str:
    try:
        return version("sora-bot")
    except PackageNotFoundError:  # run from a checkout that was never installed
        return "unknown"
