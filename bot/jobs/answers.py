"""What the use cases answer: values for the surface to put into words. Nothing here knows Slack."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from bot.catalogue.model import Model, ModelClass, Shape
from bot.jobs.consent import Question
from bot.jobs.model import Attempt, Fit, Job, JobRecord, Place
from bot.upstreams.incidents import Incident


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a person typed or chose, before checks: None means their default. The prompt is never cut."""

    team_id: str
    user_id: str
    place: Place
    prompt: str
    model: str | None = None
    model_class: ModelClass | None = None
    length_s: int | None = None
    shape: Shape | None = None
    resolution: str | None = None
    audio: bool | None = None
    seed: int | None = None
    picture_id: str | None = None
    picture_fit: Fit = Fit.WHOLE
    parent_job_id: str | None = None
    avoided: tuple[str, ...] = ()
    """Upstreams not to be asked: where an earlier video of this wish is stuck."""


class Problem(StrEnum):
    """Which field of a wish cannot be served."""

    PROMPT_EMPTY = "prompt_empty"
    PROMPT_TOO_LONG = "prompt_too_long"
    MODEL_UNKNOWN = "model_unknown"
    MODEL_RETIRED = "model_retired"
    LENGTH = "length"
    SHAPE = "shape"
    RESOLUTION = "resolution"
    AUDIO = "audio"
    SEED = "seed"
    PICTURE = "picture"
    NO_SERVICE = "no_service"
    """Nothing configured can make it at all; `allowed` holds the skip reasons in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """One thing wrong with a wish. `given` is what the person wrote, `allowed` what would do, in the person's words."""

    problem: Problem
    given: str
    allowed: tuple[str, ...] = ()
    model_label: str = ""
    suggestion: str = ""
    """The nearest thing that works ("8", "Seedance 2.0"), if there is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A model a person can pick now, for the form."""

    model: Model
    from_usd_micros: int
    """The cheapest price of its shortest video at its lowest resolution."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One limit and where a person stands in it. USD in micro-dollars; None where that unit has no limit."""

    scope: str
    """`person`, `workspace` or `slack_channel`."""
    period: str
    """`day` or `month`."""
    usd_micros_max: int | None
    usd_micros_used: int
    usd_micros_reserved: int
    clips_max: int | None
    clips_used: int
    resets_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A wish checked and priced: what the form and the confirmation show. Nothing is reserved yet."""

    wish: Wish
    complaints: tuple[Complaint, ...]
    model_label: str
    """"Auto" with the class, or the model's label."""
    model_name: str | None = None
    """The named model by the catalogue's own name; None is Auto."""
    model_class: ModelClass = ModelClass.FAST
    length_s: int
    shape: Shape
    resolution: str
    usd_micros: int
    """The most it may cost; the real price is paid."""
    usd_micros_is_ceiling: bool
    """True where Auto may end cheaper: say "up to"."""
    free: bool
    standings: tuple[Standing, ...]
    typical: timedelta | None
    health_words: str
    """"All good", or what is wrong with who would serve it."""
    receives: str
    """Who gets the prompt and the picture."""
    size_px: tuple[int, int] | None = None
    """(width, height) of the video as its first choice makes it; None where nothing can."""
    lengths_s: tuple[int, ...]
    shapes: tuple[Shape, ...]
    resolutions: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """Committed. `fresh` is False when the same envelope, click or form came again: one job."""

    job: Job
    fresh: bool
    queue_place: int
    """0: starts now; n: the n-th of this person's waiting videos."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceToConfirm:
    """Above `confirm_above_usd`, or dearer than the price the person last saw: one click more."""

    offer: Offer


@dataclass(frozen=True, slots=True, kw_only=True)
class SameAgain:
    """The same prompt by the same person in the same place within two minutes: "again?" first."""

    offer: Offer
    earlier: Job


@dataclass(frozen=True, slots=True, kw_only=True)
class NotPossible:
    """Something in the wish cannot be served; nothing was reserved."""

    offer: Offer


@dataclass(frozen=True, slots=True, kw_only=True)
class OverBudget:
    """A limit would be passed; nothing was reserved. `cheaper` is a wish that fits, if one exists."""

    offer: Offer
    standing: Standing
    cheaper: Offer | None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueFull:
    """The person has as many videos waiting as the settings allow."""

    queued_max: int


Answer = Accepted | PriceToConfirm | SameAgain | NotPossible | OverBudget | QueueFull


class CancelOutcome(StrEnum):
    CANCELLED = "cancelled"
    """Nothing was sent, or the service confirmed; the money is back."""
    ASKED = "asked"
    """The service is being asked; the card will say."""
    CANNOT = "cannot"
    """The service cannot stop it: it goes on quietly, is paid, and is offered when done."""
    ALREADY_ENDED = "already_ended"
    NOT_YOURS = "not_yours"
    UNKNOWN = "unknown"
    """No such video here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelAnswer:
    outcome: CancelOutcome
    job: Job | None = None


class RemoveOutcome(StrEnum):
    REMOVED = "removed"
    NOT_YOURS = "not_yours"
    UNKNOWN = "unknown"
    NOT_ENDED = "not_ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveAnswer:
    outcome: RemoveOutcome
    record: JobRecord | None = None


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


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaAnswer:
    standings: tuple[Standing, ...]
    time_zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unseen:
    """A try that is booked as possibly paid: whether its service took it was never found out."""

    job: Job
    attempt: Attempt


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A video that another service, or another model, makes than the one that was tried before."""

    attempt_id: str
    from_upstream: str
    from_model: str
    from_label: str
    error_kind: str
    """What became of the try before."""
    to_label: str
    to_model_label: str
    """Empty where the model is the same."""
    usd_micros_before: int
    usd_micros: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidTry:
    """One try of a job that costs money, with a video or without."""

    service_label: str
    usd_micros: int
    made: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """An open question as a card shows it."""

    question: Question
    service_label: str
    model_label: str
    same_model: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CardFacts:
    """What a card shows beside the job's own row: the words of the catalogue and the state of who serves it."""

    service_label: str
    """Who renders it, or would next; empty before that is known."""
    model_label: str
    receives: str
    typical: timedelta | None
    queue_place: int
    can_cancel: bool
    """False once the service has it and cannot stop it."""
    is_preview: bool
    free: bool
    service_down_words: str
    """While waiting for a service: which is down since when and when it is tried again."""
    elsewhere_usd_micros: int | None
    """While overdue: what starting once more at another service may cost on top; None where there is no other."""
    may_be_sent_again: bool = False
    """While it is unknown whether a submit arrived: admins allow another one at this price, after a while."""
    moved: Moved | None = None
    paid: tuple[PaidTry, ...] = ()
    """Shown where there are several: who was paid."""
    asked: Asked | None = None
