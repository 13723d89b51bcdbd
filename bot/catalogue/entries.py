"""How a table of a catalogue file must look. The values it becomes are in `model.py`."""

from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from bot.catalogue.model import (
    Audio,
    Billing,
    Model,
    ModelClass,
    PageKind,
    Price,
    PromptUnit,
    Protocol,
    Shape,
    StatusPage,
    Unpriced,
)

MICROS = 1_000_000
USD_MAX = 1000


def usd_micros(text: Any) -> int:
    """Dollars as a string to whole micro-dollars.

    Raises:
        ValueError: in words; also for nothing, which is said by "free" and never by a number.
    """
    if not isinstance(text, str):
        raise ValueError('write dollars as a string, like "0.10": TOML numbers are rounded')
    try:
        micros = Decimal(text) * MICROS
    except InvalidOperation:
        raise ValueError(f"{text!r} is not an amount in dollars, like 0.10") from None
    if not micros.is_finite() or micros <= 0:
        raise ValueError(f"{text!r} is no price; what costs nothing is called free")
    if micros > USD_MAX * MICROS or micros != micros.to_integral_value():
        raise ValueError(f"{text!r}: at most {USD_MAX} dollars, and no finer than a millionth")
    return int(micros)


def size_px(text: Any) -> tuple[int, int]:
    """ "1280x720" to (1280, 720)."""
    width, times, height = str(text).partition("x")
    if not (times and width.isdecimal() and height.isdecimal() and 64 <= int(width) <= 8192 >= int(height) >= 64):
        raise ValueError(f'{text!r} is no size, like "1280x720"')
    return int(width), int(height)


def _ascending(lengths_s: tuple[int, ...]) -> tuple[int, ...]:
    if list(lengths_s) != sorted(set(lengths_s)):
        raise ValueError("lengths must ascend, each once")
    return lengths_s


def moment(value: Any) -> Any:
    """A day without an hour begins at midnight UTC."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime.combine(value, time.min, tzinfo=UTC)
    return value


Moment = Annotated[AwareDatetime, BeforeValidator(moment)]
Seconds = Annotated[int, Field(ge=1, le=3600)]
Lengths = Annotated[tuple[Annotated[int, Field(ge=1, le=600)], ...], Field(min_length=1), AfterValidator(_ascending)]
SizeText = Annotated[tuple[int, int], BeforeValidator(size_px)]
Sizes = Annotated[dict[Shape, Annotated[dict[str, SizeText], Field(min_length=1)]], Field(min_length=1)]


def flat(sizes: dict[Shape, dict[str, tuple[int, int]]]) -> dict[tuple[Shape, str], tuple[int, int]]:
    return {(shape, name): size for shape, by_name in sizes.items() for name, size in by_name.items()}


class Entry(BaseModel):
    """Every fact says where it was read and when."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    source: str = Field(min_length=8)
    as_of: date


class NotAccepted(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    status: int = Field(ge=500, le=599)
    code: str = Field(min_length=1)


class StatusPageEntry(Entry):
    kind: PageKind
    url: str = Field(pattern="^https://")
    components: tuple[str, ...] = ()

    def status_page(self) -> StatusPage:
        return StatusPage(**{name: getattr(self, name) for name in type(self).model_fields})


class ProtocolEntry(Entry):
    provider: str
    label: str
    honours_idempotency_key: bool = False
    idempotency_window_s: int = Field(default=0, ge=0)
    lists: bool = False
    listing_lag_s: int = Field(default=60, ge=60)
    cancels: bool = False
    webhooks: bool = False
    not_accepted: tuple[NotAccepted, ...] = ()
    charges_refused: bool = False
    charges_failed: bool = False
    poll_min_s: float = Field(default=2.0, gt=0)
    poll_max_s: float = Field(default=30.0, gt=0)
    polls_per_minute: int = Field(default=300, ge=1)
    poll_batch_max: int = Field(default=1, ge=1)
    submit_timeout_s: float = Field(default=30.0, gt=0)
    status_timeout_s: float = Field(default=10.0, gt=0)
    in_flight_max: int = Field(default=10, ge=1)
    submits_per_minute: int = Field(default=60, ge=1)
    base_url: str = ""
    wire: dict[str, Any] = {}
    status_page: StatusPageEntry | None = None

    @model_validator(mode="after")
    def _window_with_key(self) -> "ProtocolEntry":
        if self.honours_idempotency_key != (self.idempotency_window_s > 0):
            raise ValueError("honours_idempotency_key and idempotency_window_s go together")
        if self.poll_min_s > self.poll_max_s:
            raise ValueError("poll_min_s is above poll_max_s")
        return self

    def protocol(self, key: str) -> Protocol:
        facts = {name: getattr(self, name) for name in type(self).model_fields}
        facts["not_accepted"] = frozenset((each.status, each.code) for each in self.not_accepted)
        facts["status_page"] = self.status_page.status_page() if self.status_page else None
        return Protocol(key=key, **facts)


class PriceEntry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    billing: Billing
    usd: dict[str, Annotated[int, BeforeValidator(usd_micros)]] = {}
    since: Moment | None = None

    @model_validator(mode="after")
    def _amounts_or_free(self) -> "PriceEntry":
        if (self.billing is Billing.FREE) == bool(self.usd):
            raise ValueError('give it one: usd = { 720p = "0.10" }, or billing = "free" without usd')
        return self

    def price(self) -> Price:
        return Price(billing=self.billing, usd_micros=self.usd, since=self.since)


class ModelEntry(Entry):
    label: str
    model_class: ModelClass = Field(alias="class")
    protocol: str
    wire_name: str | None = None
    picture_wire_name: str | None = None
    aliases: tuple[str, ...] = ()
    lengths_s: Lengths
    sizes: Sizes
    audio: Audio
    seed: bool
    prompt_limit: int = Field(ge=1)
    prompt_unit: PromptUnit
    price: PriceEntry
    next_price: PriceEntry | None = None
    typical_s: Seconds
    slow_s: Seconds
    wait_max_s: Seconds = 900
    retires_at: Moment | None = None
    receives: str = Field(min_length=1)
    wire: dict[str, Any] = {}

    @model_validator(mode="after")
    def _makes_sense(self) -> "ModelEntry":
        if self.wire_name is None and self.picture_wire_name is None:
            raise ValueError("give it a wire_name, a picture_wire_name or both")
        if self.typical_s > self.slow_s:
            raise ValueError("typical_s is above slow_s")
        if self.next_price is not None and self.next_price.since is None:
            raise ValueError("next_price needs the day it begins: since = 2027-01-01")
        return self

    def model(self, name: str) -> Model:
        taken = {"sizes", "price", "next_price"}
        facts = {each: getattr(self, each) for each in type(self).model_fields if each not in taken}
        later = self.next_price.price() if self.next_price is not None else None
        return Model(name=name, sizes_px=flat(self.sizes), price=self.price.price(), next_price=later, **facts)


class UnpricedEntry(Entry):
    label: str
    protocol: str
    why: str = Field(min_length=8)
    like: str = ""
    facts: dict[str, Any] = {}

    def unpriced(self, name: str) -> Unpriced:
        return Unpriced(name=name, **{each: getattr(self, each) for each in type(self).model_fields})
