"""When a completed file becomes visible: later, perhaps never, and only then does its message stand in the channel."""

import mimetypes
from dataclasses import dataclass, field

from bot.demo.slack.drawing import file_json
from bot.demo.slack.posting import post
from bot.demo.slack.workspace import Channel, Json, SlackFile
from bot.demo.slack.world import World


@dataclass(slots=True, kw_only=True)
class Share:
    """One completing call: its files appear together, in one message for each place."""

    files: list[SlackFile]
    channels: list[Channel]
    thread_ts: str | None
    comment: str
    blocks: list[Json] = field(default_factory=list)
    is_late_over: bool = False
    is_done: bool = False


class Sharing:
    """Waits as the dials say. A look with `files.info` counts, and may be the one that is waited for."""

    def __init__(self) -> None:
        self._waiting: list[Share] = []

    async def begin(self, world: World, share: Share) -> None:
        for each in share.files:
            each.is_completed = True
        if world.dials.never_share:
            return
        self._waiting.append(share)
        if world.dials.share_lag_s > 0:
            world.crew.start(self._later(world, share, world.dials.share_lag_s))
            return
        share.is_late_over = True
        self._settle(world, share)

    def looked(self, world: World, file: SlackFile) -> None:
        file.looks += 1
        for share in tuple(self._waiting):
            if file in share.files:
                self._settle(world, share)

    async def _later(self, world: World, share: Share, seconds: float) -> None:
        await world.clock.sleep(seconds)
        share.is_late_over = True
        self._settle(world, share)

    def _settle(self, world: World, share: Share) -> None:
        looks = max(each.looks for each in share.files)
        if share.is_done or not share.is_late_over or looks < world.dials.share_after_looks:
            return
        share.is_done = True
        self._waiting.remove(share)
        alive = [each for each in share.files if not each.is_deleted]
        for file in alive:
            file.mimetype = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        for channel in share.channels if alive else []:
            said = post(
                world, channel, user_id=world.app.user_id, text=share.comment, blocks=share.blocks,
                thread_ts=share.thread_ts, file_ids=[each.id for each in alive],
            )  # fmt: skip
            for file in alive:
                file.shares.setdefault(channel.id, []).append(said.ts)
        for file in alive:
            world.feed.tell("file.shared", file=file_json(world, file), channels=[each.id for each in share.channels])
