"""What about the catalogue needs a person: old facts, ends to come, prices that are missing or no longer true. Pure."""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime

from bot.catalogue.costs import Drift
from bot.catalogue.model import Catalogue, Model, Protocol, Unpriced
from bot.catalogue.sunset import Ending, Sold, endings
from bot.catalogue.table_problems import PRICE_EXAMPLE

STALE_DAYS = 90
HEIRS_NAMED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    service: str
    model: str
    """"" when it is about the service itself."""
    what: str
    mend: str
    """Who can mend it, and how."""
    needs_person: bool = True


def checkup(
    catalogue: Catalogue, sold: Iterable[Sold], *, now: datetime, stale_days: int = STALE_DAYS
) -> tuple[Finding, ...]:
    """Everything that can be seen without asking anybody: ends first, then missing prices, then old facts."""
    known = tuple(sold)
    protocols = {each.model.protocol for each in known}
    unpriced = [each for each in catalogue.unpriced if each.protocol in protocols]
    return (
        *(_of_ending(each, now) for each in endings(known, now)),
        *(_of_future_price(each) for each in known if not each.model.at(now).price.has_begun(now)),
        *(_of_unpriced(each, catalogue.protocols[each.protocol]) for each in unpriced),
        *_stale(catalogue, known, now.date(), stale_days),
    )


def _of_ending(ending: Ending, now: datetime) -> Finding:
    model, at = ending.sold.model, f"{ending.retires_at:%Y-%m-%d %H:%M} UTC"
    heirs = ", ".join(f"{each.model.label} at {each.service_label}" for each in ending.heirs[:HEIRS_NAMED])
    instead = f"Of its class there is {heirs}." if heirs else "Nothing else of its class is configured."
    if ending.is_over:
        return Finding(
            service=ending.sold.service,
            model=model.name,
            what=f"ended {at}; it is offered to nobody, and its name is still understood",
            mend=f"Nobody has to do anything. {instead}",
            needs_person="retires_at" in model.own or model.own == ("model",),
        )
    days = (ending.retires_at - now).days
    left = "in less than a day" if days < 1 else f"in {days} {'day' if days == 1 else 'days'}"
    return Finding(
        service=ending.sold.service,
        model=model.name,
        what=f"ends {left} ({at})",
        mend=f"Whoever looks after the budget tells the team what takes its place. {instead}",
    )


def _of_future_price(sold: Sold) -> Finding:
    since = sold.model.price.since
    return Finding(
        service=sold.service,
        model=sold.model.name,
        what=f"has no price before {since:%Y-%m-%d}, so it cannot be used yet",
        mend="Nobody has to do anything; or who runs the bot gives it today's price in sora.toml.",
        needs_person=False,
    )


def _of_unpriced(unpriced: Unpriced, protocol: Protocol) -> Finding:
    whole = "" if unpriced.like or unpriced.facts else ", and what it can do (lengths_s, sizes)"
    return Finding(
        service=protocol.label,
        model=unpriced.name,
        what=f"is known, but not offered: {unpriced.why}",
        mend=f'Who knows its price writes [models."{unpriced.name}"] in sora.toml: {PRICE_EXAMPLE}{whole}.',
        needs_person=False,
    )


def _stale(catalogue: Catalogue, sold: Iterable[Sold], today: date, days: int) -> Iterable[Finding]:
    """Old facts, protocols and models that were read together as one line each service."""
    seen: set[str] = set()
    for each in sold:
        protocol = catalogue.protocols[each.model.protocol]
        if protocol.key not in seen and _age(protocol, today) > days:
            seen.add(protocol.key)
            yield _old(each.service, "", protocol, today)
        if _age(each.model, today) > days:
            yield _old(each.service, each.model.name, each.model, today)


def _age(facts: Model | Protocol, today: date) -> int:
    return (today - facts.as_of).days if facts.as_of is not None else 0


def _old(service: str, model: str, facts: Model | Protocol, today: date) -> Finding:
    return Finding(
        service=service,
        model=model,
        what=f"its facts were read {_age(facts, today)} days ago ({facts.as_of})",
        mend=f"Who keeps the catalogue reads again: {facts.source}. Who runs the bot can correct it in sora.toml.",
    )


def drift_finding(drift: Drift) -> Finding:
    sold = drift.sold
    than = "dearer" if drift.percent > 0 else "cheaper"
    videos = "video" if drift.videos == 1 else "videos"
    return Finding(
        service=sold.service,
        model=sold.model.name,
        what=f"was {abs(drift.percent)} % {than} at {drift.resolution} than is said here ({drift.videos} {videos})",
        mend=f'Who runs the bot takes it over in sora.toml: [models."{sold.model.name}"] service = "{sold.service}",'
        f" {drift.price_text}",
    )


def live_findings(
    service: str, models: Iterable[Model], listed: AbstractSet[str], *, told: Mapping[str, str]
) -> Iterable[Finding]:
    """What a service's own list of models says otherwise.

    `listed`: the names in it. `told`: those that look like videos and are unknown here, with the service's words.
    """
    for model in models:
        names = {each for each in (model.wire_name, model.picture_wire_name) if each is not None}
        if names and not names & listed:
            yield Finding(
                service=service,
                model=model.name,
                what=f"is not in the service's own list any more ({', '.join(sorted(names))})",
                mend="Who runs the bot looks at the service; if it is gone, [models.NAME] with retires_at says so.",
            )
    for name, label in told.items():
        yield Finding(
            service=service,
            model=name,
            what=f"is new in the service's own list{f' ({label})' if label else ''}",
            mend=f'Who knows its price can offer it: [models."{name}"] service = "{service}", {PRICE_EXAMPLE}.',
            needs_person=False,
        )
