"""What a person wishes for, and what it comes to: checked, priced, beside their limits. Values; no Slack here."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.catalogue.model import Model, ModelClass, Shape
from bot.jobs.model import Fit, Place


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
