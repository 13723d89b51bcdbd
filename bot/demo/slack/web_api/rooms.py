"""`conversations.*`, `users.info`, `bots.info`: who and where."""

from bot.demo.slack.drawing import channel_json, user_json
from bot.demo.slack.posting import place
from bot.demo.slack.refusals import Refusal
from bot.demo.slack.web_api.arguments import Arguments
from bot.demo.slack.workspace import Channel, Json, Kind
from bot.demo.slack.world import World

READ_SCOPES = {
    Kind.PUBLIC: "channels:read",
    Kind.PRIVATE: "groups:read",
    Kind.DIRECT: "im:read",
    Kind.GROUP: "mpim:read",
}


async def info(world: World, told: Arguments) -> Json:
    return {"channel": channel_json(world, _readable(world, told))}


async def members(world: World, told: Arguments) -> Json:
    channel = _readable(world, told)
    return {"members": sorted(channel.members), "response_metadata": {"next_cursor": ""}}


async def join(world: World, told: Arguments) -> Json:
    channel = place(world, told.needed("channel"))
    if channel.kind is not Kind.PUBLIC:
        raise Refusal("method_not_supported_for_channel_type")
    if channel.is_archived:
        raise Refusal("is_archived")
    channel.members.add(world.app.user_id)
    world.feed.tell("channel.joined", channel=channel.id, user=world.app.user_id)
    return {"channel": channel_json(world, channel)}


async def open(world: World, told: Arguments) -> Json:
    people = [each for each in told.text("users").split(",") if each]
    if len(people) != 1:
        raise Refusal("users_list_not_supplied" if not people else "method_not_supported_for_channel_type")
    if people[0] not in world.workspace.users:
        raise Refusal("user_not_found")
    return {"channel": {"id": world.workspace.direct(people[0], world.app.user_id).id}}


async def user_info(world: World, told: Arguments) -> Json:
    user = world.workspace.users.get(told.needed("user"))
    if user is None:
        raise Refusal("user_not_found")
    return {"user": user_json(world, user)}


async def bot_info(world: World, told: Arguments) -> Json:
    if told.text("bot") != world.app.bot_id:
        raise Refusal("bot_not_found")
    bot = {"id": world.app.bot_id, "app_id": world.app.id, "user_id": world.app.user_id, "name": world.app.name}
    return {"bot": {**bot, "deleted": False}}


def _readable(world: World, told: Arguments) -> Channel:
    """Which scope is needed depends on the kind of channel."""
    channel = place(world, told.needed("channel"))
    needed = READ_SCOPES[channel.kind]
    if needed not in world.app.scopes:
        raise Refusal("missing_scope", needed=needed, provided=",".join(sorted(world.app.scopes)))
    return channel
