"""How Slack writes its things down as JSON: messages, files, views, people, channels, a person's whole screen."""

from typing import Any

from bot.demo.slack.workspace import Channel, Json, Kind, Message, SlackFile, User, View
from bot.demo.slack.world import World


def message_json(world: World, message: Message) -> Json:
    """As the Web API, events and payloads have it."""
    told: Json = {"type": "message", "user": message.user_id, "ts": message.ts, "text": message.text}
    told["team"] = world.workspace.team_id
    if message.user_id == world.app.user_id:
        told |= {"bot_id": world.app.bot_id, "app_id": world.app.id}
    if message.blocks:
        told["blocks"] = message.blocks
    if message.attachments:
        told["attachments"] = message.attachments
    if message.thread_ts:
        told["thread_ts"] = message.thread_ts
    if message.subtype:
        told["subtype"] = message.subtype
    if message.edited_ts:
        told["edited"] = {"user": message.user_id, "ts": message.edited_ts}
    files = [world.workspace.files[each] for each in message.file_ids]
    if files:
        told["files"] = [file_json(world, each) for each in files]
        told["upload"] = True
    replies = world.workspace.channels[message.channel_id].replies(message.ts)
    if replies and not message.is_reply:
        told |= {"reply_count": len(replies), "thread_ts": message.ts, "latest_reply": replies[-1].ts}
    return told


def file_json(world: World, file: SlackFile) -> Json:
    if file.is_deleted:
        return {"id": file.id, "mode": "tombstone"}
    address = f"{world.origin}/files-pri/{world.workspace.team_id}-{file.id}"
    told: Json = {
        "id": file.id, "created": int(file.created_at.timestamp()), "timestamp": int(file.created_at.timestamp()),
        "name": file.name, "title": file.title or file.name, "mimetype": file.mimetype,
        "filetype": file.name.rpartition(".")[2].lower(), "size": file.length, "user": file.user_id,
        "mode": "hosted", "is_external": False, "is_public": False, "file_access": "visible", "editable": False,
        "url_private": f"{address}/{file.name}", "url_private_download": f"{address}/download/{file.name}",
        "permalink": f"{world.origin}/files/{file.user_id}/{file.id}", "shares": shares_json(world, file),
        "channels": [], "groups": [], "ims": [],
    }  # fmt: skip
    if file.alt_txt:
        told["alt_txt"] = file.alt_txt
    for channel_id in file.shares:
        told[_LISTS[world.workspace.channels[channel_id].kind]].append(channel_id)
    return told


_LISTS = {Kind.PUBLIC: "channels", Kind.PRIVATE: "groups", Kind.GROUP: "groups", Kind.DIRECT: "ims"}


def shares_json(world: World, file: SlackFile) -> Json:
    told: Json = {}
    for channel_id, stamps in file.shares.items():
        channel = world.workspace.channels[channel_id]
        group = told.setdefault("public" if channel.kind is Kind.PUBLIC else "private", {})
        posts = [found for ts in stamps if (found := channel.find(ts)) and not found.is_deleted]
        group[channel_id] = [
            {"ts": each.ts, "channel_name": channel.name, "team_id": world.workspace.team_id, "reply_count": 0}
            | ({"thread_ts": each.thread_ts} if each.thread_ts else {})
            for each in posts
        ]
    return told


def view_json(world: World, view: View) -> Json:
    """As methods answer it and payloads carry it."""
    told = {name: each for name, each in view.told.items() if name != "state"}
    return {
        "id": view.id, "team_id": world.workspace.team_id, "app_id": world.app.id, "bot_id": world.app.bot_id,
        "app_installed_team_id": world.workspace.team_id, "private_metadata": "", "callback_id": "",
        "external_id": "", "clear_on_close": False, "notify_on_close": False, "close": None, "submit": None,
        **told,
        "hash": view.hash, "root_view_id": view.root_view_id, "previous_view_id": view.previous_view_id,
        "state": {"values": view.values},
    }  # fmt: skip


def user_json(world: World, user: User) -> Json:
    profile = {"real_name": user.real_name, "display_name": user.name}
    return {
        "id": user.id, "team_id": world.workspace.team_id, "name": user.name, "real_name": user.real_name,
        "tz": user.tz, "tz_label": user.tz, "tz_offset": user.tz_offset_s, "is_bot": user.is_bot,
        "is_admin": user.is_admin, "is_owner": False, "deleted": False, "is_restricted": False,
        "is_ultra_restricted": False, "profile": profile,
    }  # fmt: skip


def channel_json(world: World, channel: Channel) -> Json:
    told: Json = {
        "id": channel.id, "name": channel.name, "is_archived": channel.is_archived,
        "is_channel": channel.kind is Kind.PUBLIC, "is_group": channel.kind is Kind.PRIVATE,
        "is_im": channel.kind is Kind.DIRECT, "is_mpim": channel.kind is Kind.GROUP,
        "is_private": channel.kind is not Kind.PUBLIC, "is_member": world.app.user_id in channel.members,
        "is_ext_shared": channel.is_ext_shared, "is_shared": channel.is_ext_shared,
        "num_members": len(channel.members),
    }  # fmt: skip
    if channel.kind is Kind.DIRECT:
        told["user"] = next((each for each in sorted(channel.members) if each != world.app.user_id), "")
    return told


def seen_message(world: World, message: Message, user_id: str) -> Json:
    """A message as this person's screen has it: without the buttons that are for others."""
    told = message_json(world, message)
    told |= {"channel": message.channel_id, "is_ephemeral": message.ephemeral_to is not None, "edits": message.edits}
    told["blocks"] = [_seen_block(each, user_id) for each in message.blocks]
    return told


def hidden_from(element: Any, user_id: str) -> bool:
    allowed = element.get("visible_to_user_ids") if isinstance(element, dict) else None
    return isinstance(allowed, list) and bool(allowed) and user_id not in allowed


def _seen_block(block: Json, user_id: str) -> Json:
    elements = block.get("elements")
    if not isinstance(elements, list):
        return block
    return {**block, "elements": [each for each in elements if not hidden_from(each, user_id)]}


def screen(world: World, user: User) -> Json:
    """Everything on one person's screen, as JSON."""
    workspace = world.workspace
    visible = [each for each in workspace.channels.values() if user.id in each.members]
    channels = []
    for each in visible:
        messages = [seen_message(world, said, user.id) for said in each.messages if said.seen_by(user.id)]
        channels.append(channel_json(world, each) | {"members": sorted(each.members), "messages": messages})
    home = workspace.homes.get(user.id)
    return {
        "team": {"id": workspace.team_id, "domain": workspace.domain},
        "user": user_json(world, user),
        "users": [user_json(world, each) for each in workspace.users.values()],
        "app": {"id": world.app.id, "user": world.app.user_id, "commands": sorted(world.app.commands)},
        "channels": channels,
        "views": [seen_view(world, each) for each in workspace.stacks.get(user.id, [])],
        "home": seen_view(world, home) if home else None,
    }


def seen_view(world: World, view: View) -> Json:
    return view_json(world, view) | {"errors": dict(view.errors), "user": view.user_id}
