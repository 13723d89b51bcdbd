"""`/sora status`: a sentence first, and behind Details how each service stands and has done."""

from collections.abc import Mapping
from datetime import timedelta

from slack_sdk.models.blocks import Block

from bot.jobs.balances import Account
from bot.jobs.status import ModelStanding, ServiceStanding, StatusAnswer
from bot.slack.ids import ActionId
from bot.slack.message import Message
from bot.slack.views.blocks import actions, button, context, message, section
from bot.slack.views.words import counted, listed, moment, quoted, sentence, span, usd

STATES = {
    "operational": ("🟢", "Working"),
    "degraded": ("🟡", "Having trouble"),
    "risk_control": ("🟠", "Turning down more than usual"),
    "suspended": ("🔴", "Out"),
    "maintenance": ("🔧", "Under maintenance"),
    "retired": ("⚫", "Ended"),
    "unknown": ("⚪", "Not used yet"),
}
"""Icon and word, always together: colour alone does not tell everybody."""
IN_A_SENTENCE = {"suspended": "out", "retired": "shut down", "maintenance": "under maintenance"}
WINDOWS = {"1 h": "the last hour", "24 h": "a day", "30 d": "30 days", "90 d": "90 days"}
_GOOD = frozenset({"operational", "unknown"})
SERVICES_MAX = 20
"""Two blocks each; Slack takes 50."""
MODELS_MAX = 12
FEW_VIDEOS = 10
"""Nine of ten is said of no fewer."""


_NO_ACCOUNTS: Mapping[str, Account] = {}


def status(answer: StatusAnswer, *, details: bool = False, accounts: Mapping[str, Account] = _NO_ACCOUNTS) -> Message:
    """One line first; the services behind Details. `accounts`, by service, are for admins."""
    first = _first_line(answer)
    counts = [
        f"{counted(answer.running, 'video is', 'videos are')} being made" if answer.running else "",
        f"{counted(answer.queued, 'video is', 'videos are')} waiting" if answer.queued else "",
    ]
    busy = f"In this workspace {listed([each for each in counts if each], last='and')}." if any(counts) else ""
    more = button(
        "Details", ActionId.STATUS_DETAILS, "details", label="Show each service with its state and usual time"
    )
    shown = answer.services[:SERVICES_MAX]
    hidden = len(answer.services) - len(shown)
    return message(
        f"{first} {busy}".strip(),
        section(f"*{first}*"),
        context(busy),
        *(block for each in shown for block in _service(each, accounts.get(each.name)) if details),
        context(f"And {counted(hidden, 'service', 'services')} more.") if details and hidden else None,
        actions(more) if not details and shown else None,
    )


def _first_line(answer: StatusAnswer) -> str:
    working = [each for each in answer.services if each.state in _GOOD]
    if answer.preview_only:
        return "The built-in preview is on: no video service is set up yet, so videos are drawn animatics and free."
    if not answer.services or not any(each.state not in IN_A_SENTENCE for each in answer.services):
        return "No video service works at the moment. What you start waits and begins by itself."
    times = [each.typical for each in (working or answer.services) if each.typical is not None]
    usual = f"videos take about {span(min(times))}" if times else "videos can be made"
    if len(working) == len(answer.services):
        return f"All good: {usual}."
    return f"Working, but {_what_is_wrong(answer)}: {usual}."


def _what_is_wrong(answer: StatusAnswer) -> str:
    """As in "Kling is out and fal has trouble"."""
    by_words: dict[str, list[str]] = {}
    for each in answer.services:
        if each.state not in _GOOD:
            by_words.setdefault(IN_A_SENTENCE.get(each.state, ""), []).append(quoted(each.label))
    parts = []
    for words, labels in by_words.items():
        one = len(labels) == 1
        said = f"{'is' if one else 'are'} {words}" if words else f"{'has' if one else 'have'} trouble"
        parts.append(f"{listed(labels, last='and')} {said}")
    return listed(parts, last="and")


def _service(service: ServiceStanding, account: Account | None) -> tuple[Block | None, ...]:
    icon, state = STATES.get(service.state, ("⚪", "Not known"))
    since = f" since {moment(service.since)}" if service.since and service.state not in _GOOD else ""
    kind = " · built-in preview" if service.is_preview else ""
    before = (
        f"That usually lasted {span(service.lasted_before)} here."
        if service.lasted_before is not None and service.state not in _GOOD
        else ""
    )
    again = f"Next try: {moment(service.retry_at)}." if service.retry_at is not None else ""
    meant = sentence(quoted(service.meaning))
    meaning = " ".join(each for each in ("" if meant == sentence(state) else meant, before, again) if each)
    page = sentence(quoted(service.page_words, limit_chars=400)) if service.page_words else ""
    lines = [
        f"{icon} *{quoted(service.label)}*: {state}{since}{kind}. {meaning}".strip(),
        page,
        _times(service.typical, service.slow),
        *_models(service),
        _left(account) if account is not None else "",
    ]
    return section("\n".join(each for each in lines if each)), context(_uptime(service.uptime), _looked(service))


def _times(usual: timedelta | None, slow: timedelta | None) -> str:
    if usual is None:
        return ""
    most = f", nine of ten within {span(slow)}" if slow is not None else ""
    return f"A video takes about {span(usual)}{most}."


def _models(service: ServiceStanding) -> list[str]:
    """Each with what is known of it; by name alone where nothing is."""
    if not service.model_standings:
        names = listed([quoted(each) for each in service.models[:MODELS_MAX]], last="and")
        return [f"Models: {names}"] if names else []
    lines = [f"• {_model(each)}" for each in service.model_standings[:MODELS_MAX]]
    more = len(service.model_standings) - len(lines)
    return [*lines, *([f"and {counted(more, 'model', 'models')} more"] if more else [])]


def _model(model: ModelStanding) -> str:
    told = [quoted(model.label)]
    if model.state not in _GOOD:
        icon, state = STATES.get(model.state, ("⚪", "Not known"))
        told.append(f"{icon} {state}. {sentence(quoted(model.meaning))}")
    if model.half_done is not None and model.most_done is not None:
        videos = counted(model.videos, "video", "videos")
        if model.videos < FEW_VIDEOS:
            told.append(f"took about {span(model.half_done)} ({videos} so far)")
        else:
            told.append(
                f"half within {span(model.half_done)}, nine of ten within {span(model.most_done)} (of {videos})"
            )
    return " · ".join(told)


def _left(account: Account) -> str:
    """The money prepaid there, how old that word is, and when it becomes a notice."""
    told = account.left
    if told is None or (told.read_at is None and not told.problem):
        return "Prepaid there: not asked yet."
    if told.read_at is None:
        return f"Prepaid there: not known. Asking for it failed: {sentence(quoted(told.problem))}"
    if told.usd_micros is None:
        return "Prepaid there: it does not tell our key how much is left."
    enough = f", enough for about {counted(account.videos, 'video', 'videos')}" if account.videos is not None else ""
    newer = f" Asking since then failed: {sentence(quoted(told.problem))}" if told.problem else ""
    return f"Prepaid there: {usd(told.usd_micros)} left{enough}, as of {moment(told.read_at)}.{newer} {_warns(account)}"


def _warns(account: Account) -> str:
    if account.warns_below_usd_micros is None or not account.warns_below_videos:
        return "No notice comes when it runs low."
    videos = counted(account.warns_below_videos, "video", "videos")
    return f"A notice comes below {usd(account.warns_below_usd_micros)} ({videos})."


def _uptime(shares: Mapping[str, float | None]) -> str:
    known = [f"{_percent(share)} of {WINDOWS.get(name, name)}" for name, share in shares.items() if share is not None]
    return f"Could be used {listed(known, last='and')}." if known else ""


def _percent(share: float) -> str:
    """Never rounded up to all of it."""
    return "100 %" if share >= 1 else f"{min(99.9, share * 100):.1f} %"


def _looked(service: ServiceStanding) -> str:
    if service.looked_at is None:
        return ""
    answered = service.response_ms is not None and service.state in _GOOD  # else it may have been a refusal
    took = f", answered in {service.response_ms:,} ms" if answered else ""
    return f"Last looked at {moment(service.looked_at)}{took}."
