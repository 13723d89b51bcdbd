"""The form: prompt, model, length, shape, picture, where to post; the rest behind More options."""

from typing import Any

from slack_sdk.models.blocks import (
    Block,
    InputBlock,
    PlainTextInputElement,
)

from bot.catalogue.model import ModelClass, Shape
from bot.jobs.wish import Offer, Problem
from bot.slack.ids import ActionId, CallbackId
from bot.slack.payloads import AUTO_VALUES, JOINERS, FormKey, form_key
from bot.slack.views.answer_words import complaint_words, left_words
from bot.slack.views.blocks import context, section
from bot.slack.views.form_fields import (
    OPTIONS_MAX,
    FormValue,
    more_button,
    more_fields,
    option,
    picture_fields,
    place_field,
    select_field,
)
from bot.slack.views.words import CLASSES, SHAPES, price, quoted, sentence, span

FIELD_CHARS_MAX = 3000
"""Slack's limit for one text field; a longer prompt goes on in the next one."""
TITLE = "Make a video"


def video_form(value: FormValue) -> dict[str, Any]:
    """The form as it should look now. Fields keep what was typed, because their block ids stay the same."""
    blocks: list[Block | None] = [
        section(value.notice) if value.notice else None,
        *_prompt_fields(value.offer.wish.prompt),
        _model(value),
        _length(value.offer),
        _shape(value.offer),
        *picture_fields(value),
        place_field(value),
        *(more_fields(value) if value.more else [more_button()]),
        _price_block(value.offer),
    ]
    key = FormKey(
        draft_id=value.draft_id,
        usd_micros_shown=value.offer.usd_micros,
        more=value.more,
        again=value.again,
        frame=value.frame.name if value.frame else "",
        rights_confirmed=value.rights_confirmed,
    )
    return {
        "type": "modal",
        "callback_id": CallbackId.FORM.value,
        "private_metadata": form_key(key),
        "title": {"type": "plain_text", "text": TITLE},
        "submit": {"type": "plain_text", "text": submit_label(value.offer)},
        "close": {"type": "plain_text", "text": "Close"},
        "blocks": [each.to_dict() for each in blocks if each is not None],
    }


def loading_view() -> dict[str, Any]:
    """Opened with the trigger, which lives 3 s, before anything that takes time."""
    return _plain_view("One moment…")


def done_view(words: str) -> dict[str, Any]:
    return _plain_view(words)


def submit_label(offer: Offer) -> str:
    """With the price, as in "Make it · $0.80"; without one when nothing can make it as it stands."""
    if not _is_priced(offer):
        return "Make it"
    return f"Make it · {price(offer.usd_micros, free=offer.free)}"


def split_prompt(prompt: str) -> list[tuple[str, str]]:
    """(joiner's name, part): a prompt in parts that fit a field each, which joined again are the same prompt."""
    parts, rest, joiner = [], prompt, "none"
    while len(rest) > FIELD_CHARS_MAX:
        at = max(rest.rfind(mark, 1, FIELD_CHARS_MAX) for mark in (" ", "\n"))
        if at <= 0 or rest[at - 1].isspace() or rest[at + 1].isspace():
            at, following, skipped = FIELD_CHARS_MAX, "none", 0
        else:
            following, skipped = ("line" if rest[at] == "\n" else "space"), 1
        parts.append((joiner, rest[:at]))
        rest, joiner = rest[at + skipped :], following
    return [*parts, (joiner, rest)]


def _prompt_fields(prompt: str) -> list[Block]:
    fields: list[Block] = []
    for index, (joiner, part) in enumerate(split_prompt(prompt)):
        assert joiner in JOINERS
        field = PlainTextInputElement(
            action_id=ActionId.FORM_PROMPT.value,
            multiline=True,
            initial_value=part or None,
            max_length=FIELD_CHARS_MAX,
            placeholder="A corgi surfing at sunset, filmed from a boat, warm light",
            focus_on_load=index == 0 or None,
        )
        label = "Prompt" if index == 0 else f"Prompt, part {index + 1}"
        fields.append(InputBlock(block_id=f"prompt_{index}_{joiner}", label=label, element=field, optional=index > 0))
    return fields


def _model(value: FormValue) -> Block:
    offer = value.offer
    autos = {model_class: name for name, model_class in AUTO_VALUES.items()}
    options = [
        option(f"Auto · {CLASSES[each]}", autos[each], "Any model of this class, up to the price shown")
        for each in ModelClass
        if each is ModelClass.FAST or any(choice.model.model_class is each for choice in value.choices)
    ]
    for choice in value.choices[: OPTIONS_MAX - len(options)]:
        cost = price(choice.from_usd_micros, free=not choice.from_usd_micros)
        options.append(option(choice.model.label, choice.model.name, f"from {cost}"))
    chosen = offer.model_name or autos[offer.model_class]
    return select_field("Model", ActionId.FORM_MODEL, options, chosen, block="model")


def _length(offer: Offer) -> Block | None:
    """The model's own lengths. Auto also keeps one that no model has exactly: the nearest is made of it."""
    lengths = offer.lengths_s if offer.model_name is not None else sorted({*offer.lengths_s, offer.length_s})
    options = [option(f"{each} s", str(each)) for each in lengths[:OPTIONS_MAX]]
    return (
        select_field("Length", ActionId.FORM_LENGTH, options, str(offer.length_s), block="length") if options else None
    )


def _shape(offer: Offer) -> Block | None:
    options = [option(SHAPES[each], each.value) for each in Shape if each in offer.shapes]
    return select_field("Shape", ActionId.FORM_SHAPE, options, offer.shape.value, block="shape") if options else None


def _price_block(offer: Offer) -> Block | None:
    """What it costs, what is left, how long, how the service is, who reads it. The id never changes, so it redraws."""
    cost = price(offer.usd_micros, free=offer.free, is_ceiling=offer.usd_micros_is_ceiling)
    lines = [
        f"*{cost[0].upper()}{cost[1:]}*" if _is_priced(offer) else "",
        left_words(offer.standings),
        f"Takes about {span(offer.typical)}." if offer.typical else "",
        sentence(quoted(offer.health_words)),
        f"Your prompt goes to {quoted(offer.receives, limit_chars=600)}." if offer.receives else "",
        *(complaint_words(each) for each in offer.complaints if each.problem is not Problem.PROMPT_EMPTY),
    ]
    block = context("  ".join(each for each in lines if each))
    if block is not None:
        block.block_id = "price"
    return block


def _is_priced(offer: Offer) -> bool:
    """An empty prompt has a price already; what no service can make has none, and unknown is never $0."""
    return offer.free or offer.usd_micros > 0


def _plain_view(words: str) -> dict[str, Any]:
    return {
        "type": "modal",
        "callback_id": CallbackId.NOTICE.value,
        "title": {"type": "plain_text", "text": TITLE},
        "close": {"type": "plain_text", "text": "Close"},
        "blocks": [section(words).to_dict()],
    }
