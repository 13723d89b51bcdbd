"""The few blocks everything is built from. `slack_sdk.models` checks Slack's limits when they become dicts."""

from typing import Literal

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    ConfirmObject,
    ContextBlock,
    ImageBlock,
    MarkdownTextObject,
    Option,
    OverflowMenuElement,
    PlainTextObject,
    RichTextBlock,
    RichTextElementParts,
    RichTextQuoteElement,
    SectionBlock,
)

from bot.slack.ids import ActionId
from bot.slack.message import Message

PROMPT_SHOWN_CHARS = 1000
MRKDWN_CHARS_MAX = 3000


def message(text: str, *blocks: Block | None) -> Message:
    """`text` must be a whole sentence with every foreign word `quoted()`: notifications show it."""
    return Message(text=text, blocks=[each.to_dict() for each in blocks if each is not None])


def section(mrkdwn: str) -> SectionBlock:
    return SectionBlock(text=MarkdownTextObject(text=_whole(mrkdwn)))


def context(*mrkdwn: str) -> ContextBlock | None:
    """Small print; nothing at all when there is nothing to say."""
    told = [each for each in mrkdwn if each]
    return ContextBlock(elements=[MarkdownTextObject(text=_whole(each)) for each in told]) if told else None


def prompt_quote(prompt: str) -> RichTextBlock:
    """A person's words as they wrote them, in a block where nothing of them is markup."""
    shown = prompt
    if len(prompt) > PROMPT_SHOWN_CHARS:
        shown = f"{prompt[:PROMPT_SHOWN_CHARS].rstrip()}… ({len(prompt):,} characters in all)"
    return RichTextBlock(elements=[RichTextQuoteElement(elements=[RichTextElementParts.Text(text=shown)])])


def poster(file_id: str, *, alt_text: str) -> ImageBlock:
    return ImageBlock(slack_file={"id": file_id}, alt_text=alt_text)


def button(
    text: str,
    action_id: ActionId,
    value: str,
    *,
    label: str,
    style: Literal["primary", "danger"] | None = None,
    only_for: str | None = None,
    confirm: ConfirmObject | None = None,
) -> ButtonElement:
    """`label` is what a screen reader says instead of `text`; `only_for` hides the button from everybody else."""
    return ButtonElement(
        text=text,
        action_id=action_id.value,
        value=value,
        accessibility_label=label,
        style=style,
        visible_to_user_ids=[only_for] if only_for else None,
        confirm=confirm,
    )


def sure(title: str, text: str, *, yes: str, no: str = "Keep it") -> ConfirmObject:
    return ConfirmObject(
        title=PlainTextObject(text=title), text=PlainTextObject(text=text), confirm=yes, deny=no, style="danger"
    )


def menu(action_id: ActionId, *choices: tuple[str, str]) -> OverflowMenuElement:
    """The three dots: (text, value) each. Its action stands for all of them; the value tells which."""
    return OverflowMenuElement(
        action_id=action_id.value,
        options=[Option(value=value, label=text) for text, value in choices],
    )


def actions(*buttons: ButtonElement | OverflowMenuElement | None) -> ActionsBlock | None:
    shown = [each for each in buttons if each is not None]
    return ActionsBlock(elements=shown) if shown else None


def _whole(mrkdwn: str) -> str:
    """Slack refuses a longer one; what is cut is our own listing, never a person's prompt."""
    return mrkdwn if len(mrkdwn) <= MRKDWN_CHARS_MAX else mrkdwn[: MRKDWN_CHARS_MAX - 1] + "…"
