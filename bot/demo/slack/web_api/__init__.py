"""The methods of the Web API that a bot of our kind uses, each with the scope it needs."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.demo.slack.sharing import Sharing
from bot.demo.slack.web_api import chat, rooms, views
from bot.demo.slack.web_api.arguments import Arguments
from bot.demo.slack.web_api.files import Files
from bot.demo.slack.workspace import Json
from bot.demo.slack.world import World

Work = Callable[[World, Arguments], Awaitable[Json]]


@dataclass(frozen=True, slots=True)
class Method:
    work: Work
    scope: str = ""


async def auth_test(world: World, _: Arguments) -> Json:
    workspace, app = world.workspace, world.app
    return {
        "url": f"https://{workspace.domain}.slack.com/", "team": workspace.domain, "user": app.name,
        "team_id": workspace.team_id, "user_id": app.user_id, "bot_id": app.bot_id, "is_enterprise_install": False,
    }  # fmt: skip


async def auth_revoke(world: World, told: Arguments) -> Json:
    """Give the token back; `test` only asks whether that would work."""
    world.app.is_revoked = not told.flag("test")
    return {"revoked": world.app.is_revoked}


def methods(sharing: Sharing) -> dict[str, Method]:
    """By name. `apps.connections.open` is not here: it takes the other token, see `server.py`."""
    files = Files(sharing)
    return {
        "auth.test": Method(auth_test),
        "auth.revoke": Method(auth_revoke),
        "bots.info": Method(rooms.bot_info, "users:read"),
        "chat.delete": Method(chat.delete, "chat:write"),
        "chat.postEphemeral": Method(chat.post_ephemeral, "chat:write"),
        "chat.postMessage": Method(chat.post_message, "chat:write"),
        "chat.update": Method(chat.update, "chat:write"),
        "conversations.info": Method(rooms.info),
        "conversations.join": Method(rooms.join, "channels:join"),
        "conversations.members": Method(rooms.members),
        "conversations.open": Method(rooms.open, "im:write"),
        "files.completeUploadExternal": Method(files.complete, "files:write"),
        "files.delete": Method(files.delete, "files:write"),
        "files.getUploadURLExternal": Method(files.get_upload_url, "files:write"),
        "files.info": Method(files.info, "files:read"),
        "users.info": Method(rooms.user_info, "users:read"),
        "views.open": Method(views.open),
        "views.publish": Method(views.publish),
        "views.push": Method(views.push),
        "views.update": Method(views.update),
    }
