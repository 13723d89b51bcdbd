"""What Slack sends when people do something: commands, clicks, shortcuts, forms, messages."""

from bot.demo.slack.drawing import message_json, view_json
from bot.demo.slack.fields import elements_of, first_values
from bot.demo.slack.workspace import Channel, Json, Kind, Message, User, View
from bot.demo.slack.world import World


def command(world: World, user: User, channel: Channel, name: str, text: str, response_url: str) -> Json:
    return {
        "token": world.app.verification_token, "team_id": world.workspace.team_id,
        "team_domain": world.workspace.domain, "channel_id": channel.id, "channel_name": _shown_name(channel),
        "user_id": user.id, "user_name": user.name, "command": name, "text": text, "api_app_id": world.app.id,
        "is_enterprise_install": "false", "response_url": response_url,
        "trigger_id": world.tickets.trigger(user.id, channel_id=channel.id),
    }  # fmt: skip


def shortcut(world: World, user: User, callback_id: str) -> Json:
    return _base(world, user, "shortcut") | {
        "callback_id": callback_id, "trigger_id": world.tickets.trigger(user.id), "action_ts": _now_ts(world),
    }  # fmt: skip


def message_action(world: World, user: User, said: Message, callback_id: str, response_url: str) -> Json:
    channel = world.workspace.channels[said.channel_id]
    return _base(world, user, "message_action") | {
        "callback_id": callback_id, "trigger_id": world.tickets.trigger(user.id, channel_id=channel.id),
        "response_url": response_url, "message_ts": said.ts, "message": message_json(world, said),
        "channel": {"id": channel.id, "name": _shown_name(channel)}, "action_ts": _now_ts(world),
    }  # fmt: skip


def message_click(world: World, user: User, said: Message, action: Json, response_url: str) -> Json:
    """A click under a message. Of an ephemeral one Slack does not send the message along."""
    channel = world.workspace.channels[said.channel_id]
    container: Json = {
        "type": "message", "message_ts": said.ts, "channel_id": channel.id,
        "is_ephemeral": said.ephemeral_to is not None,
    }  # fmt: skip
    if said.thread_ts:
        container["thread_ts"] = said.thread_ts
    told = _base(world, user, "block_actions") | {
        "container": container, "channel": {"id": channel.id, "name": _shown_name(channel)},
        "trigger_id": world.tickets.trigger(user.id, channel_id=channel.id), "response_url": response_url,
        "state": {"values": first_values(said.blocks, channel_id=channel.id)},
        "actions": [action | {"action_ts": _now_ts(world)}],
    }  # fmt: skip
    return told if said.ephemeral_to else told | {"message": message_json(world, said)}


def view_click(world: World, user: User, view: View, action: Json) -> Json:
    trigger = world.tickets.trigger(user.id, channel_id=view.channel_id, view_id=view.id)
    return _base(world, user, "block_actions") | {
        "container": {"type": "view", "view_id": view.id}, "trigger_id": trigger,
        "view": view_json(world, view), "actions": [action | {"action_ts": _now_ts(world)}],
    }  # fmt: skip


def submission(world: World, user: User, view: View) -> Json:
    trigger = world.tickets.trigger(user.id, channel_id=view.channel_id, view_id=view.id)
    return _base(world, user, "view_submission") | {
        "trigger_id": trigger, "view": view_json(world, view), "response_urls": _response_urls(world, view),
    }  # fmt: skip


def closed(world: World, user: User, view: View, *, is_cleared: bool) -> Json:
    return _base(world, user, "view_closed") | {"view": view_json(world, view), "is_cleared": is_cleared}


def message_event(world: World, said: Message, *, type: str = "message") -> Json:
    channel = world.workspace.channels[said.channel_id]
    kind = {Kind.PUBLIC: "channel", Kind.PRIVATE: "group", Kind.DIRECT: "im", Kind.GROUP: "mpim"}[channel.kind]
    told = message_json(world, said) | {"type": type, "channel": channel.id, "event_ts": said.ts}
    return told if type == "app_mention" else told | {"channel_type": kind}


def clicked(block: Json, element: Json, entry: Json) -> Json:
    """The one item of `actions`: what was used, with its value."""
    action: Json = {"type": element["type"], "action_id": element["action_id"], "block_id": block["block_id"]}
    if element["type"] in {"button", "icon_button", "workflow_button"}:
        return action | {"text": element["text"]} | ({"value": element["value"]} if "value" in element else {})
    return action | entry


def _base(world: World, user: User, type: str) -> Json:
    team = {"id": world.workspace.team_id, "domain": world.workspace.domain}
    return {
        "type": type, "team": team, "api_app_id": world.app.id, "token": world.app.verification_token,
        "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": world.workspace.team_id},
        "enterprise": None, "is_enterprise_install": False,
    }  # fmt: skip


def _response_urls(world: World, view: View) -> list[Json]:
    """For every select that asked for one."""
    urls = []
    for block in view.blocks:
        for element in elements_of(block):
            if not element.get("response_url_enabled"):
                continue
            entry = view.values[block["block_id"]][element["action_id"]]
            channel_id = entry.get("selected_conversation") or entry.get("selected_channel")
            if channel_id in world.workspace.channels:
                url = world.tickets.response(view.user_id, channel_id)
                urls.append({
                    "block_id": block["block_id"], "action_id": element["action_id"], "channel_id": channel_id,
                    "response_url": f"{world.origin}/response/{url.secret}",
                })  # fmt: skip
    return urls


def _shown_name(channel: Channel) -> str:
    return {Kind.DIRECT: "directmessage", Kind.PRIVATE: "privategroup"}.get(channel.kind, channel.name)


def _now_ts(world: World) -> str:
    return world.workspace.new_ts(world.clock.now())
