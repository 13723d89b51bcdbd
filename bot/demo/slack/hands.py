"""What people do with buttons and forms: click, choose, fill in, send, close. Only what their screen really offers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.demo.slack import payloads, screens
from bot.demo.slack.blocks import check_view
from bot.demo.slack.drawing import file_json, hidden_from, seen_view
from bot.demo.slack.fields import complaint, elements_of, entered, option
from bot.demo.slack.people import Answered, People
from bot.demo.slack.refusals import NotOffered, Refusal
from bot.demo.slack.workspace import Channel, Json, Message, SlackFile, User, View

TROUBLE = "We had some trouble connecting. Try again?"
BUTTONS = frozenset({"button", "icon_button", "workflow_button"})


@dataclass(slots=True, kw_only=True)
class Submitted(Answered):
    """A sent form. `errors` by block id, the client's own among them; `view` is what the screen shows next."""

    closed: bool = False
    errors: dict[str, str] = field(default_factory=dict)
    view: View | None = None


class Hands(People):
    async def click(
        self, user: User | str, where: Message | View | str, action_id: str, value: str | None = None
    ) -> Answered:
        """Press a button of a message or view, or choose `value` of an element under a message.

        Args:
            where: a message, a view, or a view's id.
            value: which of several buttons with one action id; for a select, the option.

        Raises:
            NotOffered: this person's screen does not show it.
        """
        person = self._who(user)
        if isinstance(where, Message):
            block, element = self._under(person, where, action_id, value)
            entry = {} if element["type"] in BUTTONS else _chosen(element, value)
            url = self.world.tickets.response(
                person.id, where.channel_id, message_ts=where.ts, thread_ts=where.thread_ts
            )
            action = payloads.clicked(block, element, entry)
            told = payloads.message_click(self.world, person, where, action, self._address(url))
            return self._answered(await self.deliveries.deliver("interactive", told))
        view = self._view(person, where)
        block, element = _found(view.blocks, action_id, value)
        action = payloads.clicked(block, element, {} if element["type"] in BUTTONS else _chosen(element, value))
        told = payloads.view_click(self.world, person, view, action)
        return self._answered(await self.deliveries.deliver("interactive", told))

    async def select(
        self, user: User | str, view_id: View | str, action_id: str, value: Any, *, block_id: str | None = None
    ) -> Answered:
        """Fill one field of a form. The app is told at once where the field says so.

        Args:
            value: an option's value (several for checkboxes), text, an id, or files.
        """
        person = self._who(user)
        view = self._view(person, view_id)
        block, element = _field(view, action_id, block_id)
        entry = self._fill(view, block, element, value)
        if block["type"] == "input" and not block.get("dispatch_action"):
            return Answered(acked=True)
        action = payloads.clicked(block, element, entry)
        told = payloads.view_click(self.world, person, view, action)
        return self._answered(await self.deliveries.deliver("interactive", told))

    async def submit(self, user: User | str, view_id: View | str, values: Mapping[str, Any] | None = None) -> Submitted:
        """Fill fields, by action id or block id, and send the form.

        What the client finds missing or too long is said in `errors`, and the app hears nothing.
        """
        person = self._who(user)
        view = self._view(person, view_id)
        if not view.told.get("submit"):
            raise NotOffered("this view has no submit button")
        for name, value in (values or {}).items():
            block, element = _field(view, name, None)
            self._fill(view, block, element, value)
        errors = _complaints(view)
        if errors:
            self._show_errors(view, errors)
            return Submitted(errors=errors, view=view)
        ack = await self.deliveries.deliver("interactive", payloads.submission(self.world, person, view))
        done = Submitted(
            acked=ack.acked, latency_s=ack.latency_s, payload=ack.payload, error=ack.error, told=ack.told, view=view
        )
        if not ack.acked:
            self._show_errors(view, {"": TROUBLE})
            return done
        try:
            self._respond(person, view, ack.payload or {}, done)
        except Refusal as no:
            done.acked, done.error = False, no.code
            self._show_errors(view, {"": TROUBLE})
        return done

    async def close_view(self, user: User | str, view_id: View | str | None = None, *, all: bool = False) -> None:
        """Press the cross (`all`) or the close button. An app that asked for it is told."""
        person = self._who(user)
        stack = self.world.workspace.stacks.get(person.id, [])
        view = self._view(person, view_id) if view_id is not None else (stack[-1] if stack else None)
        if view is None:
            raise NotOffered("nothing is open")
        view = stack[0] if all else view
        told = payloads.closed(self.world, person, view, is_cleared=all)
        if all or view.told.get("clear_on_close"):
            screens.clear(self.world, person.id)
        else:
            screens.take_down(self.world, view)
        if view.told.get("notify_on_close"):
            await self.deliveries.deliver("interactive", told)

    def top_view(self, user: User | str) -> View | None:
        """The modal this person has before them."""
        stack = self.world.workspace.stacks.get(self._who(user).id, [])
        return stack[-1] if stack else None

    def messages(self, user: User | str, channel: Channel | str) -> list[Message]:
        """What this person's screen shows of a channel, threads included."""
        person, place = self._who(user), self._where(user, channel)
        return [each for each in place.messages if each.seen_by(person.id)]

    def _respond(self, person: User, view: View, told: Json, done: Submitted) -> None:
        """Do what the app's answer to a form says.

        Raises:
            Refusal: the answer is none that Slack would take.
        """
        match told.get("response_action"):
            case None:
                screens.take_down(self.world, view)
                done.closed, done.view = True, self.top_view(person)
            case "clear":
                screens.clear(self.world, person.id)
                done.closed, done.view = True, None
            case "errors":
                inputs = {each["block_id"] for each in view.blocks if each["type"] == "input"}
                errors = told.get("errors") or {}
                if not errors or not set(errors) <= inputs:
                    raise Refusal("invalid_response_errors")
                done.errors = dict(errors)
                self._show_errors(view, done.errors)
            case "update":
                screens.redraw(self.world, view, check_view(told.get("view"), only="modal"))
            case "push":
                drawn = check_view(told.get("view"), only="modal")
                done.view = screens.show(self.world, person.id, drawn, channel_id=view.channel_id, on_top=True)
            case _:
                raise Refusal("invalid_response_action")

    def _fill(self, view: View, block: Json, element: Json, value: Any) -> Json:
        files: list[Json] = []
        if element["type"] == "file_input":
            given = [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, SlackFile)]
            if len(given) > (element.get("max_files") or 10):
                raise NotOffered("too many files")
            files, value = [file_json(self.world, each) for each in given], given
        entry = entered(element, value, files)
        view.values.setdefault(block["block_id"], {})[element["action_id"]] = entry
        view.errors.pop(block["block_id"], None)
        return entry

    def _show_errors(self, view: View, errors: dict[str, str]) -> None:
        view.errors = dict(errors)
        self.world.feed.tell("view.updated", user=view.user_id, view=seen_view(self.world, view))

    def _view(self, person: User, wanted: View | str) -> View:
        view = self.world.workspace.open_view(wanted.id if isinstance(wanted, View) else wanted)
        if view is None or view.user_id != person.id:
            raise NotOffered(f"{person.name} has no such view open")
        return view

    def _under(self, person: User, said: Message, action_id: str, value: str | None) -> tuple[Json, Json]:
        channel = self.world.workspace.channels[said.channel_id]
        if person.id not in channel.members or not said.seen_by(person.id):
            raise NotOffered(f"{person.name} does not see that message")
        block, element = _found(said.blocks, action_id, value)
        if hidden_from(element, person.id):
            raise NotOffered(f"{action_id} is not shown to {person.name}")
        return block, element


def _found(blocks: list[Json], action_id: str, value: str | None) -> tuple[Json, Json]:
    for block in blocks:
        for element in elements_of(block):
            if element["action_id"] != action_id:
                continue
            if value is None or element["type"] not in BUTTONS or element.get("value") == value:
                return block, element
    raise NotOffered(f"no {action_id} there")


def _field(view: View, name: str, block_id: str | None) -> tuple[Json, Json]:
    """A field by its action id or its block's id."""
    for block in view.blocks:
        for element in elements_of(block):
            if name in {element["action_id"], block["block_id"]} and block_id in {None, block["block_id"]}:
                return block, element
    raise NotOffered(f"no field {name} in {view.title!r}")


def _chosen(element: Json, value: Any) -> Json:
    if element["type"] == "overflow":
        return {"selected_option": option(element, value)}
    return entered(element, value, [])


def _complaints(view: View) -> dict[str, str]:
    found = {}
    for block in view.blocks:
        if block["type"] == "input":
            entry = view.values.get(block["block_id"], {}).get(block["element"]["action_id"])
            if words := complaint(block, entry):
                found[block["block_id"]] = words
    return found
