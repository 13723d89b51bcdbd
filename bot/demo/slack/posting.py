"""Putting messages into the workspace, changing and removing them, and the rules of where an app may."""

from typing import Any

from bot.demo.slack.drawing import message_json
from bot.demo.slack.markup import links, pings
from bot.demo.slack.naming import named
from bot.demo.slack.refusals import Refusal
from bot.demo.slack.workspace import Channel, Json, Kind, Message
from bot.demo.slack.world import World

TEXT_CHARS_MAX = 40_000


def place(world: World, wanted: str, *, opens_direct: bool = False) -> Channel:
    """The channel an app means, if it is allowed to know of it. `opens_direct`: a `U...` opens the direct messages.

    Raises:
        Refusal: `channel_not_found`, also for what is hidden from the app.
    """
    workspace, bot = world.workspace, world.app.user_id
    person = workspace.users.get(wanted)
    if opens_direct and person is not None and not person.is_bot:
        return workspace.direct(person.id, bot)
    channel = workspace.channels.get(wanted)
    if channel is None and opens_direct:
        channel = next((each for each in workspace.channels.values() if each.name and f"#{each.name}" == wanted), None)
    if channel is None or (channel.kind is not Kind.PUBLIC and bot not in channel.members):
        raise Refusal("channel_not_found")
    return channel


def writable(world: World, wanted: str, *, opens_direct: bool = False) -> Channel:
    """The channel, if the app may write there now.

    Raises:
        Refusal: `channel_not_found`, `not_in_channel`, `is_archived`, `messages_tab_disabled`, or the channel's own.
    """
    channel = place(world, wanted, opens_direct=opens_direct)
    if channel.is_archived:
        raise Refusal("is_archived")
    if world.app.user_id not in channel.members and "chat:write.public" not in world.app.scopes:
        raise Refusal("not_in_channel")
    if channel.kind is Kind.DIRECT and not world.app.has_messages_tab:
        raise Refusal("messages_tab_disabled")
    if channel.refuses:
        raise Refusal(channel.refuses)
    return channel


def thread(channel: Channel, thread_ts: str | None) -> str | None:
    """A thread is named by its parent, never by a reply.

    Raises:
        Refusal: `thread_not_found`.
    """
    if thread_ts is None:
        return None
    parent = channel.message(thread_ts)
    if parent is None or parent.is_reply:
        raise Refusal("thread_not_found")
    return thread_ts


def usable_files(world: World, blocks: list[Json]) -> None:
    """An image block may show a file of Slack's once it is complete, processed and a picture.

    Raises:
        Refusal: `invalid_blocks`.
    """
    for index, block in enumerate(blocks):
        wanted = [block.get("slack_file"), (block.get("accessory") or {}).get("slack_file")]
        wanted += [each.get("slack_file") for each in block.get("elements") or [] if isinstance(each, dict)]
        for each in wanted:
            if not each:
                continue
            file = world.workspace.files.get(each.get("id", ""))
            if file is None or file.is_deleted or not file.mimetype.startswith("image/"):
                words = f"invalid slack file [json-pointer:/blocks/{index}/slack_file]"
                raise Refusal("invalid_blocks", errors=[words], response_metadata={"messages": [f"[ERROR] {words}"]})


def post(
    world: World,
    channel: Channel,
    *,
    user_id: str,
    text: str = "",
    blocks: list[Json] | None = None,
    attachments: list[Json] | None = None,
    thread_ts: str | None = None,
    ephemeral_to: str | None = None,
    **more: Any,
) -> Message:
    """Add a message; everything was checked before."""
    said = Message(
        ts=world.workspace.new_ts(world.clock.now()), channel_id=channel.id, user_id=user_id,
        text=text[:TEXT_CHARS_MAX], blocks=named(blocks or []), attachments=attachments or [], thread_ts=thread_ts,
        ephemeral_to=ephemeral_to, posted_at=world.clock.now(), **more,
    )  # fmt: skip
    said.pings = pings(said.text, [said.blocks, said.attachments])
    said.notified = list(said.pings)
    said.links = links(said.text, [said.blocks, said.attachments])
    channel.messages.append(said)
    _tell(world, "message.ephemeral" if ephemeral_to else "message.posted", said)
    return said


def change(
    world: World, said: Message, *, text: str, blocks: list[Json] | None, attachments: list[Json] | None = None
) -> None:
    """An edit: text without blocks takes the blocks away, with blocks there is no "edited", and nobody is told."""
    said.text = text[:TEXT_CHARS_MAX]
    said.blocks = named(blocks or [])
    said.attachments = attachments or []
    said.edits += 1
    if not said.blocks and not said.attachments:
        said.edited_ts = world.workspace.new_ts(world.clock.now())
    told = [said.blocks, said.attachments]
    said.pings = list(dict.fromkeys([*said.pings, *pings(said.text, told)]))
    said.links = list(dict.fromkeys([*said.links, *links(said.text, told)]))
    _tell(world, "message.changed", said)


def remove(world: World, said: Message) -> None:
    said.is_deleted = True
    for file_id in said.file_ids:
        shares = world.workspace.files[file_id].shares
        left = [ts for ts in shares.get(said.channel_id, []) if ts != said.ts]
        shares[said.channel_id] = left
    _tell(world, "message.deleted", said)


def _tell(world: World, type: str, said: Message) -> None:
    world.feed.tell(
        type, channel=said.channel_id, ts=said.ts, thread_ts=said.thread_ts, user=said.ephemeral_to,
        message=message_json(world, said),
    )  # fmt: skip
