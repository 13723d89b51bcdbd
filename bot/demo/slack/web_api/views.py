"""`views.*`: a trigger opens once within 3 s, a hash guards an update, three modals are the most."""

from bot.demo.slack import screens
from bot.demo.slack.blocks import check_view
from bot.demo.slack.drawing import view_json
from bot.demo.slack.posting import usable_files
from bot.demo.slack.refusals import Refusal, invalid_arguments
from bot.demo.slack.web_api.arguments import Arguments
from bot.demo.slack.workspace import Json, View
from bot.demo.slack.world import World


async def open(world: World, told: Arguments) -> Json:
    return _show(world, told, on_top=False)


async def push(world: World, told: Arguments) -> Json:
    return _show(world, told, on_top=True)


async def update(world: World, told: Arguments) -> Json:
    view = _wanted(world, told)
    drawn = check_view(told.parsed("view"), only=view.type)
    if told.has("hash") and told.text("hash") != view.hash:
        raise Refusal("hash_conflict")
    usable_files(world, drawn["blocks"])
    screens.redraw(world, view, drawn)
    return {"view": view_json(world, view)}


async def publish(world: World, told: Arguments) -> Json:
    user_id = told.needed("user_id")
    if not world.app.has_home:
        raise Refusal("not_enabled")
    if user_id not in world.workspace.users:
        raise invalid_arguments("invalid `user_id`")
    drawn = check_view(told.parsed("view"), only="home")
    home = world.workspace.homes.get(user_id)
    if told.has("hash") and home is not None and told.text("hash") != home.hash:
        raise Refusal("hash_conflict")
    usable_files(world, drawn["blocks"])
    return {"view": view_json(world, screens.publish(world, user_id, drawn))}


def _show(world: World, told: Arguments, *, on_top: bool) -> Json:
    trigger_id = told.text("trigger_id") or told.needed("interactivity_pointer")
    drawn = check_view(told.parsed("view"), only="modal")
    usable_files(world, drawn["blocks"])
    trigger = world.tickets.exchange(trigger_id)
    if on_top and trigger.view_id is None:
        raise Refusal("invalid_trigger_id")
    view = screens.show(world, trigger.user_id, drawn, channel_id=trigger.channel_id, on_top=on_top)
    return {"view": view_json(world, view)}


def _wanted(world: World, told: Arguments) -> View:
    """By id or by the name the app gave it."""
    if told.has("external_id"):
        stacks = world.workspace.stacks.values()
        found = next((v for stack in stacks for v in stack if v.external_id == told.text("external_id")), None)
    else:
        found = world.workspace.open_view(told.needed("view_id"))
    if found is None:
        raise Refusal("not_found")
    return found
