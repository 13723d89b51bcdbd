"""From what Slack sends to values: the one place that knows the shapes of commands, clicks, shortcuts and forms."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import TypeAdapter, ValidationError

from bot.catalogue.model import ModelClass, Shape
from bot.jobs.model import Fit, Place
from bot.jobs.wish import Wish
from bot.slack.ids import ActionId

Body = dict[str, Any]

AUTO_VALUES = {"auto_fast": ModelClass.FAST, "auto_pro": ModelClass.PRO}
JOINERS = {"space": " ", "line": "\n", "none": ""}
"""How the parts of a prompt longer than one field belong together; the word stands in the field's block id."""
NO_PICTURE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who did something, and how to answer. `response_url` is empty where Slack gives none."""

    team_id: str
    user_id: str
    slack_channel_id: str = ""
    thread_ts: str | None = None
    response_url: str = ""
    trigger_id: str = ""

    @property
    def place(self) -> Place:
        """Where they are; without a channel, a direct message to them."""
        if not self.slack_channel_id:
            return Place(slack_channel_id=self.user_id)
        return Place(slack_channel_id=self.slack_channel_id, thread_ts=self.thread_ts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Click:
    """A button, or a choice of a menu. `message_ts` is the message it stands on, if it stands on one."""

    caller: Caller
    value: str
    message_ts: str = ""
    is_ephemeral: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FormKey:
    """What an open form carries: the draft it grew from, and what this very drawing of it has shown.

    The price belongs to the drawing whose button said it, so it travels with the view and nowhere else.
    """

    draft_id: str
    usd_micros_shown: int
    more: bool = False
    again: bool = False
    frame: str = ""
    """Which first frame it showed, if one."""
    rights_confirmed: bool = True
    """Of the picture that came with it. False: nobody has said yet that it may be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A form as its person left it."""

    caller: Caller
    key: FormKey
    wish: Wish
    view_id: str
    view_hash: str
    file: Mapping[str, Any] | None
    rights_confirmed: bool
    seed_is_wrong: bool
    blocks: Mapping[ActionId, str]
    """Each field's block, where an error about it can stand; fields that are not shown are missing."""

    @property
    def prompt_block(self) -> str:
        return self.blocks[ActionId.FORM_PROMPT]


_FORM_KEY: TypeAdapter[FormKey] = TypeAdapter(FormKey)


def form_key(key: FormKey) -> str:
    return _FORM_KEY.dump_json(key).decode()


def command_caller(body: Body) -> Caller:
    return Caller(
        team_id=_text(body, "team_id") or _text(body, "enterprise_id"),
        user_id=_text(body, "user_id"),
        slack_channel_id=_text(body, "channel_id"),
        response_url=_text(body, "response_url"),
        trigger_id=_text(body, "trigger_id"),
    )


def caller_of(body: Body) -> Caller:
    """The caller of a click, a shortcut or a form. A form's own team is the one whose installation it belongs to."""
    view, message, container = _dict(body, "view"), _dict(body, "message"), _dict(body, "container")
    user, team = _dict(body, "user"), _dict(body, "team")
    channel = _text(_dict(body, "channel"), "id") or _text(container, "channel_id")
    urls = body.get("response_urls")
    first = urls[0] if isinstance(urls, list) and urls and isinstance(urls[0], dict) else {}
    return Caller(
        team_id=_text(view, "app_installed_team_id")
        or _text(team, "id")
        or _text(user, "team_id")
        or _text(_dict(body, "enterprise"), "id"),
        user_id=_text(user, "id"),
        slack_channel_id=channel,
        thread_ts=_text(message, "thread_ts") or _text(container, "thread_ts") or None,
        response_url=_text(body, "response_url") or _text(first, "response_url"),
        trigger_id=_text(body, "trigger_id"),
    )


def click_of(body: Body) -> Click:
    actions = body.get("actions")
    action = actions[0] if isinstance(actions, list) and actions and isinstance(actions[0], dict) else {}
    container = _dict(body, "container")
    return Click(
        caller=caller_of(body),
        value=_text(action, "value") or _text(_dict(action, "selected_option"), "value"),
        message_ts=_text(container, "message_ts") or _text(_dict(body, "message"), "ts"),
        is_ephemeral=container.get("is_ephemeral") is True,
    )


def form_of(body: Body) -> Form | None:
    """A form that was sent or changed; None when it is not one of ours any more."""
    view = _dict(body, "view")
    try:
        key = _FORM_KEY.validate_json(_text(view, "private_metadata") or "{}")
    except ValidationError:
        return None
    caller, state = caller_of(body), _State(_dict(_dict(view, "state"), "values"))
    prompt, prompt_block = state.prompt()
    model = state.option(ActionId.FORM_MODEL)
    fit = state.option(ActionId.FORM_PICTURE_FIT)
    channel = _text(state.field(ActionId.FORM_PLACE), "selected_conversation")
    files = state.field(ActionId.FORM_PICTURE).get("files")
    audio, length, shape = (
        state.option(each) for each in (ActionId.FORM_AUDIO, ActionId.FORM_LENGTH, ActionId.FORM_SHAPE)
    )
    seed = state.typed(ActionId.FORM_SEED)
    wish = Wish(
        team_id=caller.team_id,
        user_id=caller.user_id,
        place=Place(slack_channel_id=channel or caller.user_id),
        prompt=prompt,
        model=None if model in AUTO_VALUES else model or None,
        model_class=AUTO_VALUES.get(model),
        length_s=int(length) if length.isdecimal() else None,
        shape=Shape(shape) if shape in set(Shape) else None,
        resolution=state.option(ActionId.FORM_RESOLUTION) or None,
        audio={"on": True, "off": False}.get(audio),
        seed=int(seed) if re.fullmatch(r"[0-9]{1,10}", seed) else None,
        picture_id=NO_PICTURE if fit == NO_PICTURE else None,
        picture_fit=Fit(fit) if fit in set(Fit) else Fit.WHOLE,
    )
    return Form(
        caller=caller,
        key=key,
        wish=wish,
        view_id=_text(view, "id"),
        view_hash=_text(view, "hash"),
        file=files[0] if isinstance(files, list) and files and isinstance(files[0], dict) else None,
        rights_confirmed=bool(state.field(ActionId.FORM_RIGHTS).get("selected_options")),
        seed_is_wrong=bool(seed) and wish.seed is None,
        blocks={
            **{each: block for each in ActionId if (block := state.block(each))},
            ActionId.FORM_PROMPT: prompt_block,
        },
    )


def over(form: Form, kept: Wish) -> Wish:
    """What the form says, over what it grew from: fields it did not show stay as they were."""
    said = form.wish
    place = said.place
    if place.slack_channel_id == kept.place.slack_channel_id:
        place = kept.place
    picture_id = None if said.picture_id == NO_PICTURE else kept.picture_id
    if not form.key.more:
        said = replace(said, resolution=kept.resolution, audio=kept.audio, seed=kept.seed)
    return replace(said, place=place, picture_id=picture_id, parent_job_id=kept.parent_job_id)


class _State:
    """`view.state.values`, asked by the field's name: blocks change theirs when what they allow changes."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def field(self, action: ActionId) -> Mapping[str, Any]:
        found = self._values.get(self.block(action), {}).get(action.value)
        return found if isinstance(found, dict) else {}

    def block(self, action: ActionId) -> str:
        for block_id, fields in self._values.items():
            if isinstance(fields, dict) and action.value in fields:
                return str(block_id)
        return ""

    def option(self, action: ActionId) -> str:
        return _text(_dict(self.field(action), "selected_option"), "value")

    def typed(self, action: ActionId) -> str:
        return _text(self.field(action), "value").strip()

    def prompt(self) -> tuple[str, str]:
        """The prompt with its parts joined as they were, and the first part's block."""
        name = ActionId.FORM_PROMPT.value
        parts = [
            (str(block_id), fields)
            for block_id, fields in self._values.items()
            if isinstance(fields, dict) and name in fields
        ]
        parts.sort(key=lambda part: int(part[0].split("_")[1]))
        whole = ""
        for block_id, fields in parts:
            text = _text(_dict(fields, name), "value")
            joiner = JOINERS.get(block_id.split("_")[2], " ") if whole and text else ""
            whole += joiner + text
        return whole.strip(), parts[0][0] if parts else "prompt_0_none"


def _dict(body: Mapping[str, Any], key: str) -> dict[str, Any]:
    found = body.get(key)
    return found if isinstance(found, dict) else {}


def _text(body: Mapping[str, Any], key: str) -> str:
    found = body.get(key)
    return found if isinstance(found, str) else ""
