"""`chat.*`: the rules of docs.slack.dev's method pages as Slack facts sections 4 and 6 have them (2026-11-21)."""

from datetime import timedelta
from typing import Final

from bot.demo.slack.blocks import check_message
from bot.demo.slack.drawing import message_json
from bot.demo.slack.posting import change, place, post, remove, thread, usable_files, writable
from bot.demo.slack.refusals import Refusal, invalid_arguments
from bot.demo.slack.web_api.arguments import Arguments
from bot.demo.slack.workspace import Channel, Json, Message
from bot.demo.slack.world import World

UPDATE_CHARS_MAX: Final = 4000
ATTACHMENTS_MAX: Final = 100


async def post_message(world: World, told: Arguments) -> Json:
    channel = writable(world, told.needed("channel"), opens_direct=True)
    text, blocks, attachments = _content(world, told)
    parent = thread(channel, told.text("thread_ts") or None)
    said = post(
        world, channel, user_id=world.app.user_id, text=text, blocks=blocks, attachments=attachments, thread_ts=parent,
        subtype="bot_message" if told.has("username") else None, metadata=told.parsed("metadata"),
        reply_broadcast=told.flag("reply_broadcast"),
    )  # fmt: skip
    return {"channel": channel.id, "ts": said.ts, "message": message_json(world, said)}


async def post_ephemeral(world: World, told: Arguments) -> Json:
    channel = writable(world, told.needed("channel"))
    user = told.needed("user")
    if user not in channel.members:
        raise Refusal("user_not_in_channel")
    text, blocks, attachments = _content(world, told)
    parent = thread(channel, told.text("thread_ts") or None)
    said = post(
        world, channel, user_id=world.app.user_id, text=text, blocks=blocks, attachments=attachments,
        thread_ts=parent, ephemeral_to=user,
    )  # fmt: skip
    return {"message_ts": said.ts}


async def update(world: World, told: Arguments) -> Json:
    channel = writable(world, told.needed("channel"))
    said = _own(world, channel, told.needed("ts"), "cant_update_message")
    if len(told.text("text")) > UPDATE_CHARS_MAX:
        raise Refusal("msg_too_long")
    window = world.dials.edit_window_s
    if window is not None and world.clock.now() - said.posted_at > timedelta(seconds=window):
        raise Refusal("edit_window_closed")
    text, blocks, attachments = _content(world, told)
    if not told.has("text"):
        text = said.text
    change(world, said, text=text, blocks=blocks, attachments=attachments)
    return {"channel": channel.id, "ts": said.ts, "text": said.text, "message": message_json(world, said)}


async def delete(world: World, told: Arguments) -> Json:
    channel = place(world, told.needed("channel"))
    said = _own(world, channel, told.needed("ts"), "cant_delete_message")
    remove(world, said)
    return {"channel": channel.id, "ts": said.ts}


def _own(world: World, channel: Channel, ts: str, otherwise: str) -> Message:
    said = channel.message(ts)
    if said is None:
        raise Refusal("message_not_found")
    if said.user_id != world.app.user_id:
        raise Refusal(otherwise)
    return said


def _content(world: World, told: Arguments) -> tuple[str, list[Json], list[Json]]:
    """Text, blocks and attachments of a message, checked together."""
    blocks = check_message(told.parsed("blocks"))
    usable_files(world, blocks)
    attachments = told.parsed("attachments") or []
    if not isinstance(attachments, list):
        raise invalid_arguments("attachments must be an array")
    if len(attachments) > ATTACHMENTS_MAX:
        raise Refusal("too_many_attachments")
    for each in attachments:
        check_message(each.get("blocks"))
    if not told.text("text").strip() and not blocks and not attachments:
        raise Refusal("no_text")
    return told.text("text"), blocks, attachments
