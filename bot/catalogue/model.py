"""The catalogue's values. Every number in the TOML files names its source and date; here are only the shapes."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any, assert_never


class ModelClass(StrEnum):
    """So that an order can mean "a good one" without naming a model."""

    FAST = "fast"
    PRO = "pro"


class Shape(StrEnum):
    WIDE = "wide"
    VERTICAL = "vertical"
    SQUARE = "square"


class Tier(StrEnum):
    """How close to the model's maker an upstream is. `reverse` (unofficial access) is off until an admin accepts it."""

    OFFICIAL = "official"
    RELAY = "relay"
    REVERSE = "reverse"
    SELF_HOSTED = "self_hosted"
    PREVIEW = "preview"


class PromptUnit(StrEnum):
    CHARACTERS = "characters"
    UTF16_UNITS = "utf16_units"
    UTF8_BYTES = "utf8_bytes"

    def measure(self, prompt: str) -> int:
        match self:
            case PromptUnit.CHARACTERS:
                return len(prompt)
            case PromptUnit.UTF16_UNITS:
                return len(prompt.encode("utf-16-le")) // 2
            case PromptUnit.UTF8_BYTES:
                return len(prompt.encode())
            case _:
                assert_never(self)


class Audio(StrEnum):
    ALWAYS = "always"
    NEVER = "never"
    SWITCH = "switch"


class Billing(StrEnum):
    PER_SECOND = "per_second"
    PER_CLIP = "per_clip"
    FREE = "free"


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What one video costs: `usd_micros` maps a resolution ("720p") to micro-dollars a second or a clip."""

    billing: Billing
    usd_micros: Mapping[str, int] = field(default_factory=dict)
    since: datetime | None = None
    """When it began or will begin; None: before anybody here looked."""

    def has_begun(self, now: datetime) -> bool:
        return self.since is None or self.since <= now

    def of(self, *, length_s: int, resolution: str) -> int:
        """Whole micro-dollars of one video.

        Raises:
            KeyError: no price for this resolution. Unknown is never $0.
        """
        match self.billing:
            case Billing.PER_SECOND:
                return self.usd_micros[resolution] * length_s
            case Billing.PER_CLIP:
                return self.usd_micros[resolution]
            case Billing.FREE:
                return 0
            case _:
                assert_never(self.billing)


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """What one protocol can render under one name. Limits are inclusive."""

    name: str
    label: str
    model_class: ModelClass
    protocol: str
    """Key of the `Protocol` that serves it, e.g. `fal` or `openai_videos/relay`."""
    wire_name: str | None
    """What the service calls it for text to video; None: it needs a picture."""
    picture_wire_name: str | None
    """What the service calls it for picture to video; None: it takes no picture."""
    aliases: tuple[str, ...] = ()
    lengths_s: tuple[int, ...]
    sizes_px: Mapping[tuple[Shape, str], tuple[int, int]]
    """(shape, resolution) to (width, height)."""
    audio: Audio
    seed: bool
    prompt_limit: int
    prompt_unit: PromptUnit
    price: Price
    next_price: Price | None = None
    """What it will cost from a day that is known (`since`)."""
    typical_s: int
    """Median seconds from submit to video."""
    slow_s: int
    """Nine of ten are done by then."""
    wait_max_s: int = 900
    """Past this a render counts as stuck; watching goes on."""
    retires_at: datetime | None = None
    receives: str
    """Who gets the prompt and the picture, in words for the person who asks."""
    wire: Mapping[str, Any] = field(default_factory=dict)
    """Facts only this model's adapter reads, e.g. extra request fields."""
    source: str = ""
    """Where its facts were read."""
    as_of: date | None = None
    """The day they were read."""
    own: tuple[str, ...] = ()
    """Names of the facts that the operator's own configuration gave; ("model",) where all of it is the operator's."""

    def at(self, now: datetime) -> "Model":
        """As it is sold at this moment: with the price that is in force."""
        if self.next_price is None or not self.next_price.has_begun(now):
            return self
        return replace(self, price=self.next_price, next_price=None)

    @property
    def shapes(self) -> tuple[Shape, ...]:
        return tuple(dict.fromkeys(shape for shape, _ in self.sizes_px))

    @property
    def resolutions(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(resolution for _, resolution in self.sizes_px))


class PageKind(StrEnum):
    STATUSPAGE = "statuspage"
    """/api/v2/summary.json, as Atlassian Statuspage and incident.io give it."""
    GOOGLE = "google"
    """incidents.json of Google Cloud."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusPage:
    """Where a service itself says how it stands, to be read by a program."""

    kind: PageKind
    url: str
    components: tuple[str, ...] = ()
    """Ids or names of the parts that make our videos; where the page shows none of them, the whole page counts."""
    source: str
    as_of: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """How one wire dialect behaves: the facts to decide on, so that no code asks for a vendor's name."""

    key: str
    """`fal`, or `openai_videos/relay` for a variant of one adapter."""
    provider: str
    """The adapter in `bot/providers` that speaks it."""
    label: str
    honours_idempotency_key: bool = False
    idempotency_window_s: int = 0
    lists: bool = False
    """Its renders can be listed, so a lost submit can be searched."""
    listing_lag_s: int = 60
    """How long a new render may be missing from the list."""
    cancels: bool = False
    webhooks: bool = False
    not_accepted: frozenset[tuple[int, str]] = frozenset()
    """(HTTP status, error code) of 5xx answers that are the service's own word that nothing was started."""
    charges_refused: bool = False
    charges_failed: bool = False
    poll_min_s: float = 2.0
    poll_max_s: float = 30.0
    polls_per_minute: int = 300
    """Status requests of one process."""
    poll_batch_max: int = 1
    """How many renders one status request may ask about, where the adapter has `poll_many`."""
    submit_timeout_s: float = 30.0
    status_timeout_s: float = 10.0
    in_flight_max: int = 10
    submits_per_minute: int = 60
    base_url: str = ""
    wire: Mapping[str, Any] = field(default_factory=dict)
    """Dialect switches that only the adapter reads."""
    status_page: StatusPage | None = None
    source: str = ""
    as_of: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """Everything known, frozen under a version that goes into each job."""

    version: str
    protocols: Mapping[str, Protocol]
    models: tuple[Model, ...]
    unpriced: tuple["Unpriced", ...] = ()
    of_servers: Mapping[str, tuple[Model, ...]] = field(default_factory=dict)
    """Models that the operator's tables name for servers of his own, by the server's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpriced:
    """A model that is alive but has no price here, so it cannot be used until an operator gives it one."""

    name: str
    label: str
    protocol: str
    why: str
    like: str
    """Name of a priced model of the same protocol whose facts it shares; "" where they would be guessed."""
    facts: Mapping[str, Any]
    """What is known of it, by the keys of a model's table."""
    source: str
    as_of: date
