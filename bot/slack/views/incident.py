"""What people read of a service in trouble: the message that is edited, its thread, its e-mails."""

from dataclasses import dataclass
from datetime import datetime

from bot.slack.matters import Matter
from bot.slack.views.told import Pen, Told
from bot.slack.views.words import counted, listed, sentence, span, usd
from bot.upstreams.health import HealthState

SAID = {
    HealthState.SUSPENDED: ("🔴", "{what} is not used at the moment"),
    HealthState.DEGRADED: ("🟡", "{what} has trouble"),
    HealthState.RISK_CONTROL: ("🟠", "{what} turns down more prompts than usual"),
    HealthState.MAINTENANCE: ("🔧", "{what} is under maintenance"),
    HealthState.RETIRED: ("⚫", "{what} has been shut down"),
}
"""By the state that goes on; other states are told as troubled."""
CAUSES = {
    "auth": ("It does not accept our key.", "It did not accept our key."),
    "quota": ("Our account there has no money left.", "Our account there had no money left."),
    "unreachable": ("It cannot be reached.", "It could not be reached."),
    "capacity": ("It has no room or is broken.", "It had no room or was broken."),
    "timeout": ("It does not finish videos in time.", "It did not finish videos in time."),
    "outcome_unknown": ("It does not answer.", "It did not answer."),
    "moderation": ("It refuses prompts that it would usually take.", "It refused prompts that it usually takes."),
    "retired": ("It says that it is gone for good.", ""),
}
"""Now, and afterwards."""
WAS = {
    HealthState.MAINTENANCE: "It was under maintenance for {span}.",
    HealthState.DEGRADED: "It had trouble for {span}.",
    HealthState.RISK_CONTROL: "It turned down more than usual for {span}.",
}
NEEDS_ADMIN = {
    "auth": "An admin has to look: the key in the bot's settings may be wrong or expired.",
    "quota": "An admin has to add money at the service, or turn it off.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Troubled:
    """A matter with the names people know, and where else videos can go."""

    matter: Matter
    label: str
    models: tuple[str, ...]
    """Empty: the whole service."""
    others: tuple[str, ...]
    """Services that can make videos meanwhile."""


def trouble_told(troubled: Troubled, pen: Pen) -> Told:
    """The message that is edited. Nothing in it ticks: an edit means that something has happened."""
    matter = troubled.matter
    if matter.ended_at is not None:
        return _over(troubled, pen, ended_at=matter.ended_at)
    worst = matter.worst
    icon, words = SAID.get(worst.state, SAID[HealthState.DEGRADED])
    since = f"Since {pen.at(matter.started_at)}."
    return Told(
        icon=icon,
        title=f"{words.format(what=_name(troubled, pen))}.",
        lines=(
            f"{since} {_cause(matter, now_on=True)}".strip(),
            _meaning(troubled, pen),
            NEEDS_ADMIN.get(worst.cause, ""),
            _moved(troubled),
            _page(troubled, pen),
        ),
        small=() if worst.state is HealthState.RETIRED else ("This message changes when something happens.",),
    )


def state_told(troubled: Troubled, pen: Pen) -> Told:
    """In the thread, once for each state it comes to: what the message has no room for."""
    icon, words = SAID.get(troubled.matter.worst.state, SAID[HealthState.DEGRADED])
    about = (
        f"This is about {listed([pen.foreign(each) for each in troubled.models], last='and')} only."
        if troubled.models
        else f"This is about everything at {pen.foreign(troubled.label)}."
    )
    return Told(
        icon=icon,
        title=f"{words.format(what=_name(troubled, pen))}.",
        lines=(
            about,
            DETAILS.get(troubled.matter.worst.state, DETAILS[HealthState.DEGRADED]),
            "Videos that are being made there are still waited for. No video is paid for twice.",
        ),
    )


DETAILS = {
    HealthState.SUSPENDED: "Nothing new is sent there. One video tries it again from time to time, by itself.",
    HealthState.DEGRADED: "It is still used, with care: if more videos fail, nothing new is sent there.",
    HealthState.RISK_CONTROL: "A prompt that is turned down is never sent to another service by itself.",
    HealthState.MAINTENANCE: "Nothing new is sent there until it is over.",
    HealthState.RETIRED: "Nothing is sent there any more. It can be taken out of the bot's settings.",
}


def reminder_told(troubled: Troubled, pen: Pen) -> Told:
    """In the thread, while it goes on. Says since when and not how long: it may be read much later."""
    state = troubled.matter.worst.state
    still = "still has trouble" if state in {HealthState.DEGRADED, HealthState.RISK_CONTROL} else "is still out"
    begun = min(each.started_at for each in troubled.matter.open)
    return Told(
        icon="⏳",
        title=f"{_name(troubled, pen)} {still}.",
        lines=(f"Since {pen.at(begun)}. {_moved(troubled)}".strip(),),
    )


def moving_told(troubled: Troubled, pen: Pen) -> Told:
    """For places that only want to hear of moved videos."""
    matter, name = troubled.matter, _name(troubled, pen)
    if matter.ended_at is not None:
        return Told(icon="🟢", title=f"Videos go to {name} again.", lines=(_moved(troubled),))
    why = SAID.get(matter.worst.state, SAID[HealthState.DEGRADED])[1].format(what=name)
    return Told(
        icon="↪️",
        title="Videos are made by other services.",
        lines=(f"{why}, since {pen.at(matter.started_at)}.", _moved(troubled)),
    )


def removed_told(troubled: Troubled, pen: Pen) -> Told:
    """The operator has taken it out of the settings: what was said of it comes to an end."""
    return Told(icon="⚪", title=f"{_name(troubled, pen)} is not set up any more.", lines=(_moved(troubled),))


def _over(troubled: Troubled, pen: Pen, *, ended_at: datetime) -> Told:
    matter = troubled.matter
    lasted = span(ended_at - matter.started_at)
    was = WAS.get(matter.worst.state, "It was out for {span}.").format(span=lasted)
    return Told(
        icon="🟢",
        title=f"{_name(troubled, pen)} works again.",
        lines=(
            f"{was} From {pen.at(matter.started_at)} to {pen.at(ended_at)}.",
            _cause(matter, now_on=False),
            _moved(troubled),
        ),
    )


def _cause(matter: Matter, *, now_on: bool) -> str:
    present, past = CAUSES.get(matter.worst.cause, ("", ""))
    return present if now_on else past


def _name(troubled: Troubled, pen: Pen) -> str:
    """The service, or its models at it."""
    service = pen.foreign(troubled.label)
    if not troubled.models:
        return service
    return f"{listed([pen.foreign(each) for each in troubled.models[:5]], last='and')} at {service}"


def _meaning(troubled: Troubled, pen: Pen) -> str:
    """What it means for somebody who wants a video now."""
    state = troubled.matter.worst.state
    others = listed([pen.foreign(each) for each in troubled.others[:5]], last="and")
    if state is HealthState.RISK_CONTROL:
        return "Videos are still made there; a prompt that is turned down costs nothing unless its message says so."
    if state is HealthState.DEGRADED:
        return "Videos are still made there; some take longer or have to be started again."
    if others:
        now = "from now on" if state is HealthState.RETIRED else "meanwhile"
        return (
            f"New videos go to {others} {now}, never for more than the price that was shown. Whoever asked for"
            " a model that only this service has is asked first."
        )
    if state is HealthState.RETIRED:
        return "No other service here can make such videos."
    return "New videos wait and start by themselves when it works again. Waiting costs nothing."


def _moved(troubled: Troubled) -> str:
    moved, extra = troubled.matter.jobs_moved, troubled.matter.extra_usd_micros
    if not moved:
        return ""
    went = f"{counted(moved, 'video', 'videos')} moved to another service"
    return f"{went}, for {usd(extra)} more in all." if extra else f"{went}, at no extra cost."


def _page(troubled: Troubled, pen: Pen) -> str:
    words = troubled.matter.page_words
    return sentence(pen.foreign(words)) if words else ""
