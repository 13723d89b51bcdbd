"""Slack as people see it: channels, messages, files. The truth that cards and deliveries are judged by.

`slack_door.py` is how one process of the bot reaches it, through the real client class.
"""

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.simulator.dial import Dial, Fault
from tests.simulator.services import SUBJECT

SHARE_S = 3.0


class Refusal(Exception):
    """Slack's `ok: false`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(slots=True)
class Message:
    channel: str
    ts: str
    thread_ts: str | None
    text: str
    blocks: Any
    at_s: float
    deleted: bool = False
    answered: bool = False
    """The bot was told that it is there."""
    given_up: bool = False
    """It landed when the bot no longer waited for an answer."""


@dataclass(slots=True)
class File:
    id: str
    name: str
    size: int
    filled: bool = False
    completed: bool = False
    channel: str | None = None
    posts: list[Message] = field(default_factory=list)
    deleted: bool = False

    @property
    def is_video(self) -> bool:
        return self.name.endswith(".mp4")

    @property
    def is_seen(self) -> bool:
        """People can play it in a channel, now or in a moment."""
        return self.completed and self.channel is not None and not self.deleted


@dataclass
class SlackTown:
    dial: Dial
    posted: Callable[[Message], None] = lambda _message: None
    """Somebody reads a new message."""
    shared: Callable[[File], None] = lambda _file: None
    messages: dict[tuple[str, str], Message] = field(default_factory=dict)
    files: dict[str, File] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)
    """Channels that were archived, or where the bot was removed."""
    _count: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def call(self, method: str, args: dict[str, Any], *, given_up: bool = False) -> dict[str, Any]:
        """Do one Web API call. Raises `Refusal`."""
        match method:
            case "chat.postMessage":
                return self._post(args, given_up=given_up)
            case "chat.update":
                self._standing(args).text = args["text"]
                return {"ok": True}
            case "chat.delete":
                self._standing(args).deleted = True
                return {"ok": True}
            case "files.getUploadURLExternal":
                made = File(id=f"F{next(self._count)}", name=args["filename"], size=int(args["length"]))
                self.files[made.id] = made
                return {"ok": True, "file_id": made.id, "upload_url": f"https://files.slack.test/{made.id}"}
            case "files.completeUploadExternal":
                return self._complete(args)
            case "files.info":
                return {"ok": True, "file": self._info(self._known(args["file"]))}
            case "files.delete":
                gone = self._known(args["file"])
                gone.deleted = True
                for each in gone.posts:
                    each.deleted = True
                return {"ok": True}
        raise Refusal("unknown_method")

    def fill(self, file_id: str, size: int) -> int:
        """The upload itself. Returns an HTTP status."""
        file = self.files[file_id]
        if file.completed or size != file.size:
            return 400
        file.filled = True
        return 200

    def _post(self, args: dict[str, Any], *, given_up: bool) -> dict[str, Any]:
        channel = self._open(args["channel"])
        thread_ts = args.get("thread_ts")
        if thread_ts is not None and (channel, thread_ts) not in self.messages:
            raise Refusal("thread_not_found")
        message = self._new(channel, thread_ts, args["text"], args.get("blocks"))
        message.given_up = given_up
        self.posted(message)
        return {"ok": True, "channel": channel, "ts": message.ts}

    def _open(self, channel: str) -> str:
        """A person's id opens the direct conversation with them."""
        if channel in self.closed:
            raise Refusal("not_in_channel")
        return f"D{channel[1:]}" if channel.startswith("U") else channel

    def _new(self, channel: str, thread_ts: str | None, text: str, blocks: Any) -> Message:
        now_s = asyncio.get_running_loop().time()
        message = Message(channel, f"{next(self._count)}.000100", thread_ts, text, blocks, now_s)
        self.messages[channel, message.ts] = message
        return message

    def _standing(self, args: dict[str, Any]) -> Message:
        found = self.messages.get((args["channel"], args["ts"]))
        if found is None or found.deleted:
            raise Refusal("message_not_found")
        return found

    def _known(self, file_id: str) -> File:
        found = self.files.get(file_id)
        if found is None or not found.completed:
            raise Refusal("file_not_found")
        if found.deleted:
            raise Refusal("file_deleted")
        return found

    def _complete(self, args: dict[str, Any]) -> dict[str, Any]:
        file = self.files.get(args["files"][0]["id"])
        if file is None or not file.filled or file.completed:
            raise Refusal("file_not_found")
        channel = args.get("channel_id")
        if channel is not None:
            if channel in self.closed:
                raise Refusal("not_in_channel")
            if args.get("thread_ts") is not None and (channel, args["thread_ts"]) not in self.messages:
                raise Refusal("invalid_thread_ts")
            if self.dial.hits(Fault.STORAGE_FULL, SUBJECT.get()):
                raise Refusal("storage_limit_reached")
        file.completed, file.channel = True, channel
        if channel is not None:
            slow = self.dial.hits(Fault.SLACK_SLOW_SHARE, SUBJECT.get())
            asyncio.get_running_loop().call_later(
                90.0 if slow else SHARE_S, self._share, file, args.get("thread_ts"), args.get("initial_comment") or ""
            )
            self.shared(file)
        return {"ok": True}

    def _share(self, file: File, thread_ts: str | None, comment: str) -> None:
        if not file.deleted:
            file.posts.append(self._new(str(file.channel), thread_ts, comment, None))

    def _info(self, file: File) -> dict[str, Any]:
        shares: dict[str, list[dict[str, str]]] = {}
        for post in file.posts:
            if not post.deleted:
                shares.setdefault(post.channel, []).append({"ts": post.ts})
        return {"id": file.id, "mimetype": "video/mp4", "shares": {"public": shares}}
