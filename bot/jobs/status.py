"""How services and their models stand, for `/sora status`: values. Nothing here knows Slack."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.upstreams.incidents import Incident


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelStanding:
    """One model of a service, behind Details."""

    name: str
    label: str
    state: str
    meaning: str
    since: datetime | None
    retry_at: datetime | None
    videos: int
    """So many of its latest videos are behind the two figures."""
    half_done: timedelta | None
    """Half of them were done by then; None: none was made yet."""
    most_done: timedelta | None
    """Nine of ten were."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceStanding:
    """One service as `/sora status` shows it."""

    label: str
    state: str
    """A word of `upstreams.health.HealthState`."""
    meaning: str
    """What that means for a person, in one sentence."""
    since: datetime | None
    typical: timedelta | None
    models: tuple[str, ...]
    is_preview: bool
    name: str = ""
    """The upstream's, as in the settings."""
    retry_at: datetime | None = None
    """While it is out: when one video tries it by itself."""
    lasted_before: timedelta | None = None
    """How long such a state usually lasted here; None: it never did."""
    slow: timedelta | None = None
    """Nine of ten videos of its quickest model were done by then; None: too few to say."""
    model_standings: tuple[ModelStanding, ...] = ()
    uptime: Mapping[str, float | None] = field(default_factory=dict)
    """The share of the last "1 h", "24 h", "30 d", "90 d" in which it could be used; None: too little is known."""
    page_words: str = ""
    """What its own status page adds to, or says against, what we see; one sentence with strangers' words in it."""
    incidents: tuple[Incident, ...] = ()
    """Of the last 90 days, newest first."""
    looked_at: datetime | None = None
    """The last free check, and how long its answer took."""
    response_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusAnswer:
    services: tuple[ServiceStanding, ...]
    running: int
    queued: int
    preview_only: bool
    """No service is configured: the local preview serves, and says so."""
