"""What `/sora` answers, to the one person who asked: price, again, budget, queue, and what is not possible."""

from collections.abc import Sequence

from slack_sdk.models.blocks import ButtonElement

from bot.jobs.answers import Accepted, OverBudget, PriceToConfirm, QueueFull, SameAgain
from bot.jobs.wish import Offer
from bot.slack.ids import ActionId
from bot.slack.message import Message
from bot.slack.options import OptionTrouble
from bot.slack.views.answer_words import complaint_words, left_words, limit_words, option_words
from bot.slack.views.blocks import actions, button, context, message, prompt_quote, section
from bot.slack.views.words import SHAPES, moment, price, quoted, span

KEPT = "Nothing was charged; everything you typed is kept."


def accepted(answer: Accepted) -> Message:
    """Short: the card says the rest, where everybody sees it."""
    number = answer.job.number
    if not answer.fresh:
        said = f"Video #{number} was already started; this did not start it again."
    elif answer.queue_place:
        said = f"Video #{number} is in line, place {answer.queue_place} of yours. Its message keeps you posted."
    else:
        said = f"Video #{number} is on its way. Its message keeps you posted."
    return message(said, section(said))


def price_to_confirm(answer: PriceToConfirm, draft_id: str) -> Message:
    offer = answer.offer
    cost = _cost(offer)
    said = f"This video costs {cost}. Nothing is charged before you click."
    make = button(
        f"Make it · {price(offer.usd_micros, free=offer.free)}",
        ActionId.CONFIRM_PRICE,
        draft_id,
        label=f"Make this video for {cost}",
        style="primary",
    )
    return message(
        said,
        section(f"*{cost[0].upper()}{cost[1:]}*. Nothing is charged before you click."),
        prompt_quote(offer.wish.prompt),
        context(*_offer_lines(offer)),
        actions(make, open_form(draft_id)),
    )


def same_again(answer: SameAgain, draft_id: str) -> Message:
    number = answer.earlier.number
    said = f"You asked for exactly this a moment ago: video #{number}. Make it once more?"
    again = button(
        f"Make another · {price(answer.offer.usd_micros, free=answer.offer.free)}",
        ActionId.CONFIRM_AGAIN,
        draft_id,
        label=f"Make one more like video {number} for {_cost(answer.offer)}",
    )
    return message(
        said,
        section(said),
        prompt_quote(answer.offer.wish.prompt),
        context("If that was by accident, do nothing: nothing more is started."),
        actions(again, _show(answer.earlier.id, number)),
    )


def over_budget(answer: OverBudget, draft_id: str, cheaper_draft_id: str | None) -> Message:
    """A limit would be passed: what is left, when it starts anew, and a cheaper version if there is one."""
    offer = answer.offer
    said = f"This would pass {limit_words(answer.standing)}. {KEPT}"
    cheaper: ButtonElement | None = None
    if answer.cheaper is not None and cheaper_draft_id is not None:
        cost = price(answer.cheaper.usd_micros, free=answer.cheaper.free)
        cheaper = button(
            f"Cheaper: {answer.cheaper.length_s} s, {answer.cheaper.resolution} · {cost}",
            ActionId.TAKE_CHEAPER,
            cheaper_draft_id,
            label=f"Make a cheaper version for {cost}",
            style="primary",
        )
    return message(
        said,
        section(said),
        prompt_quote(offer.wish.prompt),
        context(
            f"It costs {_cost(offer)}. {left_words([answer.standing])}",
            f"It starts anew {moment(answer.standing.resets_at)}. An admin can raise the limit.",
        ),
        actions(cheaper, open_form(draft_id)),
    )


def queue_full(answer: QueueFull, prompt: str, draft_id: str) -> Message:
    said = f"You have {answer.queued_max} videos waiting, which is the most. {KEPT}"
    return message(
        said,
        section(said),
        prompt_quote(prompt),
        context("Try again when one has finished, or cancel one: the command with `jobs` lists them."),
        actions(open_form(draft_id)),
    )


def not_possible(offer: Offer, draft_id: str, instead_draft_id: str | None = None) -> Message:
    """What in the wish cannot be served, what would do, and the form with everything kept.

    `instead_draft_id`: the same wish for whatever took the place of a model that ended, at the offer's price.
    """
    words = [complaint_words(each) for each in offer.complaints]
    instead: ButtonElement | None = None
    if instead_draft_id is not None:
        cost = _cost(offer)
        instead = button(
            f"Make it with {offer.model_label} · {cost}",
            ActionId.CONFIRM_PRICE,
            instead_draft_id,
            label=f"Make this with {offer.model_label} for {cost}",
            style="primary",
        )
    return _asks(words, offer.wish.prompt, draft_id, instead)


def misread(troubles: Sequence[OptionTrouble], prompt: str, draft_id: str) -> Message:
    return _asks([option_words(each) for each in troubles], prompt, draft_id)


def review_and_start(prompt: str, draft_id: str, *, notice: str = "") -> Message:
    """For places without a trigger: the click brings one. `notice` is about a picture that stays behind."""
    said = "I can make this into a video. You see the price before anything starts."
    start = button(
        "Review and start", ActionId.OPEN_FORM, draft_id, label="Open the form with this prompt", style="primary"
    )
    return message(said, section(said), prompt_quote(prompt) if prompt else None, context(notice), actions(start))


def slack_was_slow(draft_id: str) -> Message:
    said = f"Slack was too slow to open the form. {KEPT}"
    return message(said, section(said), actions(open_form(draft_id, style=True)))


def still_working() -> Message:
    said = "Still working on it. I will tell you here in a moment; there is no need to send it again."
    return message(said, section(said))


def draft_gone() -> Message:
    said = "This is too old to go on with, or belongs to somebody else. Nothing was charged. Please ask again."
    return message(said, section(said))


def too_fast() -> Message:
    said = "That was a lot at once. Nothing was started or charged by this one; please try again in a minute."
    return message(said, section(said))


def told(words: str) -> Message:
    """One sentence, of ours."""
    return message(words, section(words))


def open_form(draft_id: str, *, style: bool = False) -> ButtonElement:
    return button(
        "Open the form",
        ActionId.OPEN_FORM,
        draft_id,
        label="Open the form with everything you typed",
        style="primary" if style else None,
    )


def _asks(words: Sequence[str], prompt: str, draft_id: str, first: ButtonElement | None = None) -> Message:
    return message(
        f"{' '.join(words)} {KEPT}",
        section("\n".join(words)),
        prompt_quote(prompt) if prompt else None,
        context(KEPT),
        actions(first, open_form(draft_id, style=first is None)),
    )


def _show(job_id: str, number: int) -> ButtonElement:
    return button(f"Show #{number}", ActionId.SHOW_VIDEO, job_id, label=f"Show video {number}")


def _cost(offer: Offer) -> str:
    return price(offer.usd_micros, free=offer.free, is_ceiling=offer.usd_micros_is_ceiling)


def _offer_lines(offer: Offer) -> tuple[str, ...]:
    made = f"{quoted(offer.model_label)} · {offer.length_s} s · {SHAPES[offer.shape]} · {offer.resolution}"
    takes = f"Takes about {span(offer.typical)}." if offer.typical else ""
    goes = f"Your prompt goes to {quoted(offer.receives, limit_chars=600)}." if offer.receives else ""
    return made, left_words(offer.standings), takes, goes
