"""Putting views on people's screens: open, push, redraw, close. The checks of form are done before."""

import secrets
from typing import Final

from bot.demo.slack.drawing import seen_view
from bot.demo.slack.fields import first_values, kept_values
from bot.demo.slack.naming import named
from bot.demo.slack.refusals import Refusal
from bot.demo.slack.workspace import Json, View
from bot.demo.slack.world import World

STACK_MAX: Final = 3


def show(world: World, user_id: str, told: Json, *, channel_id: str | None, on_top: bool) -> View:
    """Open a modal, on top of the stack or in the place of whatever is open.

    Raises:
        Refusal: `push_limit_reached`, `duplicate_external_id`.
    """
    stack = world.workspace.stacks.setdefault(user_id, [])
    if on_top and len(stack) >= STACK_MAX:
        raise Refusal("push_limit_reached")
    if not on_top:
        for each in reversed(stack):
            world.feed.tell("view.closed", user=user_id, view_id=each.id)
        stack.clear()
    _unique(world, told, "")
    view = _new(world, user_id, told, channel_id=channel_id)
    if stack:
        view.root_view_id, view.previous_view_id = stack[0].id, stack[-1].id
    stack.append(view)
    world.feed.tell("view.opened", user=user_id, view=seen_view(world, view))
    return view


def publish(world: World, user_id: str, told: Json) -> View:
    """Put the home tab of one person up, or redraw it."""
    home = world.workspace.homes.get(user_id)
    if home is not None:
        redraw(world, home, told)
        return home
    view = _new(world, user_id, told, channel_id=None)
    world.workspace.homes[user_id] = view
    world.feed.tell("home.published", user=user_id, view=seen_view(world, view))
    return view


def redraw(world: World, view: View, told: Json) -> None:
    """Another drawing of an open view, with what its person has entered.

    Raises:
        Refusal: `duplicate_external_id`.
    """
    _unique(world, told, view.id)
    view.told = {**told, "blocks": named(told.get("blocks") or [])}
    view.values = kept_values(view, view.told["blocks"])
    view.errors = {}
    view.hash = _hash(world)
    kind = "view.updated" if view.type == "modal" else "home.published"
    world.feed.tell(kind, user=view.user_id, view=seen_view(world, view))


def take_down(world: World, view: View) -> None:
    """Close one modal; the one below it shows again."""
    stack = world.workspace.stacks.get(view.user_id, [])
    if view in stack:
        stack.remove(view)
    world.feed.tell("view.closed", user=view.user_id, view_id=view.id)


def clear(world: World, user_id: str) -> None:
    for each in reversed(world.workspace.stacks.get(user_id, []).copy()):
        take_down(world, each)


def _new(world: World, user_id: str, told: Json, *, channel_id: str | None) -> View:
    id = world.workspace.new_id("V")
    told = {**told, "blocks": named(told.get("blocks") or [])}
    view = View(
        id=id, user_id=user_id, type=told["type"], hash=_hash(world), told=told, root_view_id=id, channel_id=channel_id
    )
    view.values = first_values(told["blocks"], channel_id=channel_id)
    world.workspace.known_views[id] = view
    return view


def _hash(world: World) -> str:
    return f"{int(world.clock.now().timestamp())}.{secrets.token_hex(4)}"


def _unique(world: World, told: Json, own_id: str) -> None:
    external = told.get("external_id")
    if not external:
        return
    for stack in world.workspace.stacks.values():
        if any(each.external_id == external and each.id != own_id for each in stack):
            raise Refusal("duplicate_external_id")
