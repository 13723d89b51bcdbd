"""What admins choose, and what is said to who becomes one, is none, or asks for what only they may do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from slack_sdk.models.blocks import (
    Block,
    CheckboxesElement,
    ConversationFilter,
    ConversationMultiSelectElement,
    InputBlock,
    Option,
    PlainTextObject,
    UserMultiSelectElement,
)

from bot.slack.admin_ports import AdminChoices, ClaimOutcome, NoticeKind
from bot.slack.ids import ActionId, CallbackId
from bot.slack.message import Message
from bot.slack.views.answers import told
from bot.slack.views.blocks import actions, button, context, message, section
from bot.slack.views.words import listed

TITLE = "Settings"
CHANNELS_MAX = 5
ADMINS_MAX = 20
MAIL_ON = "on"
KIND_FIELDS = {
    NoticeKind.STATUS: ActionId.SETTINGS_STATUS,
    NoticeKind.FAILOVER: ActionId.SETTINGS_FAILOVER,
    NoticeKind.BUDGET: ActionId.SETTINGS_BUDGET,
    NoticeKind.BALANCE: ActionId.SETTINGS_BALANCE,
    NoticeKind.SUNSET: ActionId.SETTINGS_SUNSET,
}
ADMINS_BLOCK = "admins"
KINDS = {
    NoticeKind.STATUS: ("Services", "When a video service stops working, and when it works again."),
    NoticeKind.FAILOVER: ("Moved videos", "When videos are made by another service because theirs is out."),
    NoticeKind.BUDGET: ("Budget", "When half, three quarters and nine tenths of a month's budget are gone."),
    NoticeKind.BALANCE: ("Prepaid money", "When the money paid in at a video service runs low."),
    NoticeKind.SUNSET: ("Endings", "30, 7 and 1 days before a model ends at a service."),
}
REFUSED = {
    "not_in_channel": "I am not in it",
    "channel_not_found": "I am not in it",
    "is_archived": "it is archived",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsValue:
    """Everything the admins' form shows."""

    choices: AdminChoices
    by_configuration: tuple[str, ...] = ()
    """Admins that the bot's configuration names."""
    mails_to: int = 0
    """How many addresses e-mails go to; 0: no e-mail is set up."""
    refused: Mapping[str, str] = field(default_factory=dict)
    """Slack channels that took nothing from us lately, with Slack's word for it."""
    notice: str = ""
    bot_user_id: str = ""


def settings_form(value: SettingsValue) -> dict[str, Any]:
    """The form as it should look now."""
    choices = value.choices
    blocks: list[Block | None] = [
        section(value.notice) if value.notice else None,
        context("Notices go to the channels chosen here. Each matter is one message, edited while it goes on."),
        *(_channels(kind, choices.channels.get(kind, ())) for kind in NoticeKind),
        context(*refused_words(value.refused, bot_user_id=value.bot_user_id)),
        _mail(choices) if value.mails_to else context("E-mail: not set up. `SORA_SMTP_URL` turns it on."),
        _admins(choices),
        _fixed(value.by_configuration),
    ]
    return {
        "type": "modal",
        "callback_id": CallbackId.SETTINGS.value,
        "private_metadata": str(choices.version),
        "title": {"type": "plain_text", "text": TITLE},
        "submit": {"type": "plain_text", "text": "Save"},
        "close": {"type": "plain_text", "text": "Close"},
        "blocks": [each.to_dict() for each in blocks if each is not None],
    }


def settings_said(words: str) -> dict[str, Any]:
    """In place of the form."""
    return {
        "type": "modal",
        "callback_id": CallbackId.NOTICE.value,
        "title": {"type": "plain_text", "text": TITLE},
        "close": {"type": "plain_text", "text": "Close"},
        "blocks": [section(words).to_dict()],
    }


def hello(user_id: str, *, command: str) -> Message:
    """Said once where notices will appear, so that it is known that they can."""
    first = "Notices about video services and budgets will appear here"
    return message(
        f"{first}.", section(f"{first}; <@{user_id}> chose this channel. `{command} settings` changes that.")
    )


def saved_words(choices: AdminChoices) -> str:
    lines = [f"*{KINDS[kind][0]}*: {_places(choices.channels.get(kind, ()))}" for kind in NoticeKind]
    return "\n".join(["Saved.", *lines])


def refused_words(refused: Mapping[str, str], *, bot_user_id: str) -> list[str]:
    """A line for each place that takes nothing from us, with what to do about it."""
    me = f" Type `/invite` <@{bot_user_id}> there." if bot_user_id else " Invite me there."
    lines = []
    for place, code in refused.items():
        why = REFUSED.get(code, "Slack does not let me")
        lines.append(f"⚠️ I cannot post in <#{place}>: {why}.{me if code != 'is_archived' else ''}")
    return lines[:10]


def may_not_words(admins: Sequence[str], *, command: str) -> str:
    """For who opens what only admins may."""
    if not admins:
        return (
            "I have no admin yet. Whoever runs me sees a line with a code when I start, as in"
            f" `{command} admin 4F7K-22`. The first person who types that line here becomes the admin."
        )
    return f"Only my admins can change this: {_people(admins)}. Please ask one of them."


def open_settings(command: str) -> Message:
    """Where a form cannot be opened without a click: in a direct message, or when Slack was slow."""
    said = f"Here are the settings for admins. `{command} settings` opens them too."
    return message(said.replace("`", ""), section(said), actions(_open_button()))


def claim_said(outcome: ClaimOutcome, admins: Sequence[str], *, command: str) -> Message:
    match outcome:
        case ClaimOutcome.CLAIMED:
            said = (
                "You are my admin now, and the code is used up. In the settings you choose the channels that hear"
                f" about services and budgets, and further admins. `{command} settings` opens them again."
            )
            return message(said.replace("`", ""), section(said), actions(_open_button()))
        case ClaimOutcome.WRONG:
            return told("That is not the code. Please look at the line that I printed when I was started.")
        case ClaimOutcome.NO_CODE:
            return told("There is no code that still works: one lives for a day. Restart me, and I print a new one.")
        case ClaimOutcome.TOO_MANY:
            return told("Too many codes were tried here. Please wait an hour and try again.")
        case ClaimOutcome.TAKEN:
            return told(f"I have an admin already: {_people(admins)}. They can add you: `{command} settings`.")


def _open_button() -> Any:
    return button("Open settings", ActionId.OPEN_SETTINGS, "settings", label="Open the settings for admins")


def _channels(kind: NoticeKind, chosen: Sequence[str]) -> Block:
    label, hint = KINDS[kind]
    element = ConversationMultiSelectElement(
        action_id=KIND_FIELDS[kind].value,
        placeholder="Nowhere",
        initial_conversations=list(chosen) or None,
        max_selected_items=CHANNELS_MAX,
        # What a video costs is nothing for people outside the company.
        filter=ConversationFilter(
            include=["public", "private"], exclude_bot_users=True, exclude_external_shared_channels=True
        ),
    )
    return InputBlock(block_id=kind.value, label=label, hint=hint, optional=True, element=element)


def _mail(choices: AdminChoices) -> Block:
    on = Option(value=MAIL_ON, text=PlainTextObject(text="Send e-mails too"))
    element = CheckboxesElement(
        action_id=ActionId.SETTINGS_MAIL.value, options=[on], initial_options=[on] if choices.mail else None
    )
    hint = "When a service stops working and works again, and when nine tenths of a budget are gone."
    return InputBlock(block_id="mail", label="E-mail", hint=hint, optional=True, element=element)


def _admins(choices: AdminChoices) -> Block:
    element = UserMultiSelectElement(
        action_id=ActionId.SETTINGS_ADMINS.value,
        placeholder="Nobody",
        initial_users=list(choices.admins) or None,
        max_selected_items=ADMINS_MAX,
    )
    hint = "They see these settings, and decide what only a person can."
    return InputBlock(block_id=ADMINS_BLOCK, label="Admins", hint=hint, optional=True, element=element)


def _fixed(by_configuration: Sequence[str]) -> Block | None:
    if not by_configuration:
        return None
    return context(f"Admins too, by my configuration: {_people(by_configuration)}")


def _people(ids: Sequence[str]) -> str:
    return listed([f"<@{each}>" for each in ids[:10]], last="and")


def _places(ids: Sequence[str]) -> str:
    return ", ".join(f"<#{each}>" for each in ids) or "nowhere"
