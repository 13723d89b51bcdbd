"""What people read of budgets that shrink, money at services that runs low, and models that end."""

from dataclasses import dataclass
from datetime import date, datetime

from bot.slack.views.told import Pen, Told
from bot.slack.views.words import counted, listed, usd


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """A month's budget and where it stands. Amounts are micro-dollars, or videos where `in_clips`."""

    slack_channel_id: str
    """Whose it is; empty: the workspace's."""
    bound: int
    used: int
    reserved: int
    in_clips: bool
    share: int
    """The mark that was reached, in percent."""
    lasts_until: date | None
    """At this month's pace; None: to its end."""
    resets_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Heir:
    """What can be used in a model's place."""

    of: str
    model: str
    service: str
    is_same: bool
    """The same model, at another service."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endings:
    """Models that end at one service at the same time."""

    service: str
    models: tuple[str, ...]
    heirs: tuple[Heir, ...]
    ends_at: datetime
    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Purse:
    """Money prepaid at a service. `videos`: what is left is enough for so many, at the usual price."""

    service: str
    left_usd_micros: int
    videos: int
    read_at: datetime
    topped_up: bool


def budget_told(spent: Spent, pen: Pen) -> Told:
    left = max(0, spent.bound - spent.used - spent.reserved)
    amount = (lambda number: counted(number, "video", "videos")) if spent.in_clips else usd
    whose = f"for {pen.channel(spent.slack_channel_id)}" if spent.slack_channel_id else "for this workspace"
    reserved = f" {amount(spent.reserved)} more is reserved for videos under way." if spent.reserved else ""
    pace = (
        f"At this pace it lasts until the {_ordinal(spent.lasts_until)}."
        if spent.lasts_until is not None
        else "At this pace it lasts to the end of the month."
    )
    return Told(
        icon="🔴" if spent.share >= 90 else "🟡",
        title=f"{f'{left:,}' if spent.in_clips else usd(left)} of {amount(spent.bound)} left {whose} this month.",
        lines=(
            f"{pace} {amount(spent.used)} {'were made' if spent.in_clips else 'is spent'}.{reserved}",
            f"It starts anew {pen.at(spent.resets_at)}. When nothing is left, new videos are turned down until then.",
        ),
    )


def endings_told(endings: Endings, pen: Pen) -> Told:
    models = listed([pen.foreign(each) for each in endings.models[:8]], last="and")
    ends = "ends" if len(endings.models) == 1 else "end"
    return Told(
        icon="📅",
        title=f"{models} {ends} at {pen.foreign(endings.service)} in {counted(endings.days, 'day', 'days')}.",
        lines=(
            f"On {pen.at(endings.ends_at)}. Until then everything works as before, and Auto goes on choosing for you.",
            *(_heir_line(each, pen) for each in endings.heirs[:8]),
        ),
    )


def _heir_line(heir: Heir, pen: Pen) -> str:
    of, service = pen.foreign(heir.of), pen.foreign(heir.service)
    if heir.is_same:
        return f"{of} goes on at {service}."
    return f"In place of {of} there is {pen.foreign(heir.model)} at {service}."


def purse_told(purse: Purse, pen: Pen) -> Told:
    service = pen.foreign(purse.service)
    if purse.topped_up:
        return Told(icon="🟢", title=f"{service} has money again.")
    enough = f"about {counted(purse.videos, 'video', 'videos')}" if purse.videos else "not enough for a video"
    return Told(
        icon="🪙",
        title=f"{service}: {usd(purse.left_usd_micros)} left, {enough}.",
        lines=(f"Somebody has to add money at {service}. When it is used up, videos go to other services, or wait.",),
        small=(f"As {service} said it {pen.at(purse.read_at)}.",),
    )


def _ordinal(day: date) -> str:
    number = day.day
    ending = "th" if 11 <= number <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
