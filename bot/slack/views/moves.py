"""What changed on the way: one line after a failover, and who was paid where several were."""

from collections.abc import Sequence

from bot.jobs.became import became
from bot.jobs.card_facts import Moved, PaidTry
from bot.slack.views.words import listed, quoted, usd


def moved_words(moved: Moved, *, is_over: bool = False) -> str:
    """As in "fal could not be reached; Runway makes it now, same price.", and "made it" when it has ended."""
    by = f" by {quoted(moved.to_label)}" if moved.to_model_label else ""
    maker = f"{quoted(moved.to_model_label)}{by}" if moved.to_model_label else quoted(moved.to_label)
    if moved.from_label == moved.to_label:
        makes = f"it was made with {maker}" if is_over else f"it is made with {maker} now"
    else:
        makes = f"{maker} made it" if is_over else f"{maker} makes it now"
    return f"{quoted(moved.from_label)} {became(moved.error_kind)}; {makes}, {_price(moved)}."


def paid_words(paid: Sequence[PaidTry]) -> str:
    """Several tries cost money: which, and how much each."""
    each = [f"{quoted(one.service_label)} {usd(one.usd_micros)}" for one in paid]
    if sum(one.made for one in paid) > 1:
        all_of = "Both" if len(paid) == 2 else "All"
        return f"More than one service made it in the end. {all_of} were paid: {listed(each, last='and')}."
    return f"More than one try was charged: {listed(each, last='and')}."


def _price(moved: Moved) -> str:
    before, now = moved.usd_micros_before, moved.usd_micros
    if now == before:
        return "same price"
    return f"{usd(now) if now else 'free'} instead of {usd(before)}"
