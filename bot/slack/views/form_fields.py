"""The form's fields, one function each. A field's block id says what it allows; the form itself is in `form`."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    CheckboxesElement,
    ConversationFilter,
    ConversationSelectElement,
    ImageBlock,
    InputBlock,
    InputInteractiveElement,
    Option,
    PlainTextInputElement,
    PlainTextObject,
    StaticSelectElement,
)
from slack_sdk.models.blocks.block_elements import FileInputElement

from bot.catalogue.model import Audio
from bot.jobs.model import Fit
from bot.jobs.wish import Choice, Offer
from bot.slack.ids import ActionId
from bot.slack.payloads import NO_PICTURE
from bot.slack.views.blocks import context
from bot.slack.views.words import quoted

OPTION_CHARS_MAX = 75
OPTIONS_MAX = 100
PICTURE_TYPES = ["jpg", "jpeg", "png", "webp", "heic", "heif", "avif", "gif", "bmp", "tiff"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownFrame:
    """A picture as it is sent. Without a `file_id` Slack would not show it, and `notes` say so."""

    name: str
    file_id: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FormValue:
    """Everything the form shows. `notice` says, above the fields, why it is here again."""

    draft_id: str
    offer: Offer
    choices: tuple[Choice, ...]
    more: bool = False
    again: bool = False
    rights_confirmed: bool = True
    """Of the picture that came with it."""
    notice: str = ""
    has_place: bool = True
    """False: no channel is known, so Slack fills in the one its person is looking at."""
    takes_pictures: bool = True
    """False: the app was not granted files:read."""
    frame: ShownFrame | None = None


def picture_fields(value: FormValue) -> list[Block | None]:
    """The first frame: a new file, or the one that came with it, and how it meets the frame."""
    picture_id = value.offer.wish.picture_id
    kept = picture_id is not None
    if not value.takes_pictures and not kept:
        return []
    fits = [
        option("Whole picture, blurred edges", Fit.WHOLE.value),
        option("Fill the frame, edges cut", Fit.FILL.value),
    ]
    if kept:
        fits.append(option("Without the picture", NO_PICTURE))
    upload = InputBlock(
        block_id=f"picture_{picture_id}" if kept else "picture",  # a kept file must not be sent once more
        label="Another picture" if kept else "Picture",
        hint="Becomes the first frame. JPEG, PNG, WebP or HEIC, up to 10 MB.",
        optional=True,
        element=FileInputElement(action_id=ActionId.FORM_PICTURE.value, filetypes=PICTURE_TYPES, max_files=1),
    )
    rights = InputBlock(
        block_id="rights",
        label="Rights",
        hint="Many services turn down pictures in which a face can be recognised.",
        optional=True,
        element=CheckboxesElement(
            action_id=ActionId.FORM_RIGHTS.value,
            options=[option("I may use this picture, and the people in it agree", "yes")],
        ),
    )
    return [
        *(frame_blocks(value.frame) if kept else []),
        upload if value.takes_pictures else None,
        rights if value.takes_pictures else None,
        select_field(
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


def frame_blocks(frame: ShownFrame | None) -> list[Block | None]:
    """The exact first frame, before money moves, and what is to be known about it."""
    if frame is None:
        return [context("The picture is kept with this form.")]
    shown = None
    if frame.file_id:
        title = PlainTextObject(text="The first frame, exactly as it is sent")
        shown = ImageBlock(slack_file={"id": frame.file_id}, alt_text="The first frame of the video", title=title)
    return [shown, context(" ".join(quoted(each) for each in frame.notes))]


def place_field(value: FormValue) -> Block:
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


def more_button() -> Block:
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


def more_fields(value: FormValue) -> list[Block | None]:
    offer = value.offer
    resolutions = [option(each, each) for each in offer.resolutions[:OPTIONS_MAX]]
    seed = PlainTextInputElement(
        action_id=ActionId.FORM_SEED.value,
        max_length=10,
        initial_value=None if offer.wish.seed is None else str(offer.wish.seed),
        placeholder="A whole number; the same one gives a similar video",
    )
    return [
        select_field("Resolution", ActionId.FORM_RESOLUTION, resolutions, offer.resolution, block="resolution")
        if resolutions
        else None,
        audio_field(value),
        InputBlock(block_id="seed", label="Seed", optional=True, element=seed),
    ]


def audio_field(value: FormValue) -> Block | None:
    """A choice only where the model has one."""
    chosen = next((each.model for each in value.choices if each.model.name == value.offer.model_name), None)
    if chosen is not None and chosen.audio is not Audio.SWITCH:
        has = "always has sound" if chosen.audio is Audio.ALWAYS else "has no sound"
        return context(f"{quoted(chosen.label)} {has}.")
    options = [option("As the model likes", "any"), option("With sound", "on"), option("Without sound", "off")]
    now = {None: "any", True: "on", False: "off"}[value.offer.wish.audio]
    return select_field("Sound", ActionId.FORM_AUDIO, options, now, block="audio")


def select_field(
    label: str, action: ActionId, options: Sequence[Option], chosen: str, *, block: str, dispatches: bool = True
) -> Block:
    """A select whose block id changes with what it allows, so that an old choice cannot stay in it."""
    allowed = hashlib.sha256("|".join(str(each.value) for each in options).encode()).hexdigest()[:8]
    initial = next((each for each in options if each.value == chosen), options[0])
    element: InputInteractiveElement = StaticSelectElement(
        action_id=action.value, options=list(options), initial_option=initial
    )
    return InputBlock(block_id=f"{block}_{allowed}", label=label, element=element, dispatch_action=dispatches)


def option(text: str, value: str, description: str | None = None) -> Option:
    shown = text if len(text) <= OPTION_CHARS_MAX else text[: OPTION_CHARS_MAX - 1] + "…"
    return Option(text=shown, value=value, description=description)
