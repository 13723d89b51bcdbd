"""The form: prompt, model, length, shape, picture, where to post; the rest behind More options."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    CheckboxesElement,
    ConversationFilter,
    ConversationSelectElement,
    InputBlock,
    InputInteractiveElement,
    Option,
    PlainTextInputElement,
    StaticSelectElement,
)
from slack_sdk.models.blocks.block_elements import FileInputElement

from bot.catalogue.model import Audio, ModelClass, Shape
from bot.jobs.answers import Choice, Offer
from bot.jobs.model import Fit
from bot.slack.ids import ActionId, CallbackId
from bot.slack.payloads import AUTO_VALUES, JOINERS, NO_PICTURE, FormKey, form_key
from bot.slack.views.answer_words import complaint_words, left_words
from bot.slack.views.blocks import context, section
from bot.slack.views.words import CLASSES, SHAPES, price, quoted, sentence, span

FIELD_CHARS_MAX = 3000
"""Slack's limit for one text field; a longer prompt goes on in the next one."""
OPTION_CHARS_MAX = 75
OPTIONS_MAX = 100
TITLE = "Make a video"
PICTURE_TYPES = ["jpg", "jpeg", "png", "webp", "heic", "heif", "avif", "gif", "bmp", "tiff"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FormValue:
    """Everything the form shows. `notice` says, above the fields, why it is here again."""

    draft_id: str
    offer: Offer
    choices: tuple[Choice, ...]
    more: bool = False
    again: bool = False
    notice: str = ""
    has_place: bool = True
    """False: no channel is known, so Slack fills in the one its person is looking at."""
    takes_pictures: bool = True
    """False: the app was not granted files:read."""


def video_form(value: FormValue) -> dict[str, Any]:
    """The form as it should look now. Fields keep what was typed, because their block ids stay the same."""
    blocks: list[Block | None] = [
        section(value.notice) if value.notice else None,
        *_prompt_fields(value.offer.wish.prompt),
        _model(value),
        _length(value.offer),
        _shape(value.offer),
        *_picture(value),
        _place(value),
        *(_more(value) if value.more else [_more_button()]),
        _price_block(value.offer),
    ]
    key = FormKey(draft_id=value.draft_id, usd_micros_shown=value.offer.usd_micros, more=value.more, again=value.again)
    return {
        "type": "modal",
        "callback_id": CallbackId.FORM.value,
        "private_metadata": form_key(key),
        "title": {"type": "plain_text", "text": TITLE},
        "submit": {"type": "plain_text", "text": submit_label(value.offer)},
        "close": {"type": "plain_text", "text": "Close"},
        "blocks": [each.to_dict() for each in blocks if each is not None],
    }


def loading_view(words: str = "One moment…") -> dict[str, Any]:
    """Opened with the trigger, which lives 3 s, before anything that takes time."""
    return _plain_view(words)


def done_view(words: str) -> dict[str, Any]:
    return _plain_view(words)


def submit_label(offer: Offer) -> str:
    """ "Make it · $0.80"."""
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
        _option(f"Auto · {CLASSES[each]}", autos[each], "Any model of this class, up to the price shown")
        for each in ModelClass
        if each is ModelClass.FAST or any(choice.model.model_class is each for choice in value.choices)
    ]
    for choice in value.choices[: OPTIONS_MAX - len(options)]:
        cost = price(choice.from_usd_micros, free=not choice.from_usd_micros)
        options.append(_option(choice.model.label, choice.model.name, f"from {cost}"))
    chosen = offer.model_name or autos[offer.model_class]
    return _select("Model", ActionId.FORM_MODEL, options, chosen, block="model")


def _length(offer: Offer) -> Block | None:
    options = [_option(f"{each} s", str(each)) for each in offer.lengths_s[:OPTIONS_MAX]]
    return _select("Length", ActionId.FORM_LENGTH, options, str(offer.length_s), block="length") if options else None


def _shape(offer: Offer) -> Block | None:
    options = [_option(SHAPES[each], each.value) for each in Shape if each in offer.shapes]
    return _select("Shape", ActionId.FORM_SHAPE, options, offer.shape.value, block="shape") if options else None


def _picture(value: FormValue) -> list[Block | None]:
    """The first frame: a new file, or the one that came with it, and how it meets the frame."""
    kept = value.offer.wish.picture_id is not None
    if not value.takes_pictures and not kept:
        return []
    fits = [
        _option("Whole picture, blurred edges", Fit.WHOLE.value),
        _option("Fill the frame, edges cut", Fit.FILL.value),
    ]
    if kept:
        fits.append(_option("Without the picture", NO_PICTURE))
    upload = InputBlock(
        block_id="picture",
        label="Another picture" if kept else "Picture",
        hint="Becomes the first frame. JPEG, PNG, WebP or HEIC, up to 10 MB.",
        optional=True,
        element=FileInputElement(action_id=ActionId.FORM_PICTURE.value, filetypes=PICTURE_TYPES, max_files=1),
    )
    rights = InputBlock(
        block_id="rights",
        label="Rights",
        optional=True,
        element=CheckboxesElement(
            action_id=ActionId.FORM_RIGHTS.value,
            options=[_option("I may use this picture, and the people in it agree", "yes")],
        ),
    )
    return [
        context("The picture is kept with this form.") if kept else None,
        upload if value.takes_pictures else None,
        rights if value.takes_pictures else None,
        _select(
            "Picture in the frame",
            ActionId.FORM_PICTURE_FIT,
            fits,
            value.offer.wish.picture_fit.value,
            block="fit",
            dispatches=False,
        )
        if kept or value.more
        else None,
    ]


def _place(value: FormValue) -> Block:
    place = value.offer.wish.place
    known = value.has_place and place.slack_channel_id[:1] in {"C", "G", "D"}
    return InputBlock(
        block_id="place",
        label="Where to post",
        hint="It stays in the thread you came from." if place.thread_ts and known else None,
        element=ConversationSelectElement(
            action_id=ActionId.FORM_PLACE.value,
            initial_conversation=place.slack_channel_id if known else None,
            default_to_current_conversation=True,
            response_url_enabled=True,
            filter=ConversationFilter(include=["public", "private", "im", "mpim"]),
        ),
    )


def _more_button() -> Block:
    return ActionsBlock(
        block_id="more",
        elements=[
            ButtonElement(
                text="More options",
                action_id=ActionId.FORM_MORE.value,
                value="more",
                accessibility_label="Show resolution, sound, seed and picture options",
            )
        ],
    )


def _more(value: FormValue) -> list[Block | None]:
    offer = value.offer
    resolutions = [_option(each, each) for each in offer.resolutions[:OPTIONS_MAX]]
    seed = PlainTextInputElement(
        action_id=ActionId.FORM_SEED.value,
        max_length=10,
        initial_value=None if offer.wish.seed is None else str(offer.wish.seed),
        placeholder="A whole number; the same one gives a similar video",
    )
    return [
        _select("Resolution", ActionId.FORM_RESOLUTION, resolutions, offer.resolution, block="resolution")
        if resolutions
        else None,
        _audio(value),
        InputBlock(block_id="seed", label="Seed", optional=True, element=seed),
    ]


def _audio(value: FormValue) -> Block | None:
    """A choice only where the model has one."""
    chosen = next((each.model for each in value.choices if each.model.name == value.offer.model_name), None)
    if chosen is not None and chosen.audio is not Audio.SWITCH:
        has = "always has sound" if chosen.audio is Audio.ALWAYS else "has no sound"
        return context(f"{quoted(chosen.label)} {has}.")
    options = [_option("As the model likes", "any"), _option("With sound", "on"), _option("Without sound", "off")]
    now = {None: "any", True: "on", False: "off"}[value.offer.wish.audio]
    return _select("Sound", ActionId.FORM_AUDIO, options, now, block="audio")


def _price_block(offer: Offer) -> Block | None:
    """What it costs, what is left, how long, how the service is, who reads it. The id never changes, so it redraws."""
    cost = price(offer.usd_micros, free=offer.free, is_ceiling=offer.usd_micros_is_ceiling)
    lines = [
        f"*{cost[0].upper()}{cost[1:]}*" if not offer.complaints else "",
        left_words(offer.standings),
        f"Takes about {span(offer.typical)}." if offer.typical else "",
        sentence(quoted(offer.health_words)),
        f"Your prompt goes to {quoted(offer.receives)}." if offer.receives else "",
        *(complaint_words(each) for each in offer.complaints),
    ]
    block = context("  ".join(each for each in lines if each))
    if block is not None:
        block.block_id = "price"
    return block


def _select(
    label: str, action: ActionId, options: Sequence[Option], chosen: str, *, block: str, dispatches: bool = True
) -> Block:
    """A select whose block id changes with what it allows, so that an old choice cannot stay in it."""
    allowed = hashlib.sha256("|".join(str(each.value) for each in options).encode()).hexdigest()[:8]
    initial = next((each for each in options if each.value == chosen), options[0])
    element: InputInteractiveElement = StaticSelectElement(
        action_id=action.value, options=list(options), initial_option=initial
    )
    return InputBlock(block_id=f"{block}_{allowed}", label=label, element=element, dispatch_action=dispatches)


def _option(text: str, value: str, description: str | None = None) -> Option:
    shown = text if len(text) <= OPTION_CHARS_MAX else text[: OPTION_CHARS_MAX - 1] + "…"
    return Option(text=shown, value=value, description=description)


def _plain_view(words: str) -> dict[str, Any]:
    return {
        "type": "modal",
        "callback_id": CallbackId.NOTICE.value,
        "title": {"type": "plain_text", "text": TITLE},
        "close": {"type": "plain_text", "text": "Close"},
        "blocks": [section(words).to_dict()],
    }
