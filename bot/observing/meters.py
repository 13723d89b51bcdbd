"""What this process counts: one object, a registry of its own. Each metric is in README.md, and a test compares.

Labels are few and closed: services and models of the configuration, our own enums, error kinds. Never a job, a person,
a place or a text.
"""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.metrics_core import Metric

from bot.jobs.model import JobState

RENDER_S = (1, 5, 15, 30, 60, 90, 120, 180, 240, 300, 420, 600, 900, 1800, 3600)
CALL_S = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
ACK_S = (0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.2, 0.5, 1, 2, 3)
DELIVERY_S = (0.25, 0.5, 1, 1.5, 2, 3, 5, 10, 30, 60, 300, 1800)


class Meters:
    """Counters and histograms of one process; they begin at zero with it, as Prometheus expects."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.build = self._gauge("sora_build_info", "1; which program this is.", "version", "database")
        self.ready = self._gauge("sora_ready", "1 while this part works, as /readyz says.", "part")
        self.accepted = self._counter("sora_jobs_accepted", "Orders committed as jobs.")
        self.jobs_ended = self._counter("sora_jobs_ended", "Jobs that reached an end.", "state", "failure")
        self.jobs_ended.labels(state=JobState.DELIVERED.value, failure="")  # 0 from the start: alarms divide it
        self.attempts_ended = self._counter(
            "sora_attempts_ended", "Tries that ended: succeeded, cancelled, or the kind of error.", *_TRY, "outcome"
        )
        self.watched = self._gauge("sora_renders_watched", "Renders in flight whose end this process waits for.")
        self.render_s = self._histogram("sora_render_seconds", "Submitted to seen as made.", RENDER_S, *_TRY)
        self.calls = self._counter(
            "sora_service_calls", "Calls to services, by what came of them.", "service", "call", "result"
        )
        self.call_s = self._histogram("sora_service_call_seconds", "How long a call took.", CALL_S, "service", "call")
        self.spent = self._counter(
            "sora_spent_usd_micros", "Micro-dollars booked as spent: captured, or possibly_paid.", "service", "booked"
        )
        self.ack_s = self._histogram("sora_ack_seconds", "Slack's request here to our answer to it.", ACK_S, "kind")
        self.delivery_s = self._histogram(
            "sora_delivery_seconds", "Video known to exist to video in the thread.", DELIVERY_S
        )
        self.job_s = self._histogram("sora_job_seconds", "Order committed to video in the thread.", RENDER_S)
        self.alarms = self._counter("sora_alarms", "What an operator should see, by name.", "alarm")
        self.unexpected = self._counter(
            "sora_unexpected_errors", "Errors that are bugs or broken ground, by where they surfaced.", "where"
        )

    def collect(self) -> Iterator[Metric]:
        """For `generate_latest`: without the `_created` twin of every series, which doubles them and tells nothing."""
        for metric in self.registry.collect():
            metric.samples = [each for each in metric.samples if not each.name.endswith("_created")]
            if metric.samples or not metric.name.endswith("_created"):
                yield metric

    def _counter(self, name: str, words: str, *labels: str) -> Counter:
        return Counter(name, words, labels, registry=self.registry)

    def _gauge(self, name: str, words: str, *labels: str) -> Gauge:
        return Gauge(name, words, labels, registry=self.registry)

    def _histogram(self, name: str, words: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(name, words, labels, buckets=buckets, registry=self.registry)


_TRY = ("service", "model")
