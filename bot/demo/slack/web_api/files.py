"""`files.*`: the three-step upload and what follows. The bytes themselves come through `uploads.py`."""

import secrets
from typing import Any, Final

from bot.demo.slack.blocks import check_message
from bot.demo.slack.drawing import file_json
from bot.demo.slack.posting import thread, writable
from bot.demo.slack.refusals import Refusal, invalid_arguments
from bot.demo.slack.sharing import Share, Sharing
from bot.demo.slack.web_api.arguments import Arguments
from bot.demo.slack.workspace import Json, SlackFile
from bot.demo.slack.world import World

FILE_BYTES_MAX: Final = 1_000_000_000
ALT_CHARS_MAX: Final = 1000
CHANNELS_MAX: Final = 100


class Files:
    def __init__(self, sharing: Sharing) -> None:
        self._sharing = sharing

    async def get_upload_url(self, world: World, told: Arguments) -> Json:
        """Grant an upload. A JSON body is not read, as Slack does not (seen in the wild, Slack facts section 9)."""
        if told.is_json:
            raise invalid_arguments("missing required field: filename", "missing required field: length")
        name, length = told.needed("filename"), told.needed("length")
        if not length.isdecimal() or int(length) < 1:
            raise invalid_arguments("length must be a positive integer")
        if int(length) > FILE_BYTES_MAX:
            raise Refusal("file_upload_size_restricted")
        if len(told.text("alt_txt")) > ALT_CHARS_MAX:
            raise Refusal("alt_txt_too_large")
        id = world.workspace.new_id("F")
        file = SlackFile(
            id=id, name=name, length=int(length), user_id=world.app.user_id, path=world.directory / id,
            secret=secrets.token_urlsafe(24), alt_txt=told.text("alt_txt"), created_at=world.clock.now(),
        )  # fmt: skip
        world.workspace.files[id] = file
        return {"file_id": id, "upload_url": f"{world.origin}/upload/v1/{file.secret}"}

    async def complete(self, world: World, told: Arguments) -> Json:
        """Make uploads real and share them. Works once; what a second call answers is a dial."""
        pairs = self._granted(world, told.parsed("files"))
        wanted = [told.text("channel_id")] if told.has("channel_id") else _split(told.text("channels"))
        if len(wanted) > CHANNELS_MAX:
            raise invalid_arguments("channels: no more than 100")
        channels = [writable(world, each) for each in wanted if each]
        parents = [thread(each, told.text("thread_ts") or None) for each in channels]
        comment = told.text("initial_comment")
        blocks = [] if comment else check_message(told.parsed("blocks"))
        if any(file.is_completed for file, _ in pairs):
            if world.dials.second_complete is not None:
                raise Refusal(world.dials.second_complete)
            return {"files": [{"id": file.id, "title": file.title} for file, _ in pairs]}
        for file, title in pairs:
            file.title = title or file.name
        share = Share(
            files=[file for file, _ in pairs], channels=channels, thread_ts=parents[0] if parents else None,
            comment=comment, blocks=blocks,
        )  # fmt: skip
        answer = {"files": [file_json(world, file) for file, _ in pairs]}
        await self._sharing.begin(world, share)
        return answer

    async def info(self, world: World, told: Arguments) -> Json:
        file = _existing(world, told.needed("file"))
        self._sharing.looked(world, file)
        return {"file": file_json(world, file), "comments": [], "response_metadata": {"next_cursor": ""}}

    async def delete(self, world: World, told: Arguments) -> Json:
        file = _existing(world, told.needed("file"))
        if file.user_id != world.app.user_id:
            raise Refusal("cant_delete_file")
        file.is_deleted = True
        file.path.unlink(missing_ok=True)
        world.feed.tell("file.deleted", file_id=file.id)
        return {}

    def _granted(self, world: World, wanted: Any) -> list[tuple[SlackFile, str]]:
        if not isinstance(wanted, list) or not wanted or not all(isinstance(each, dict) for each in wanted):
            raise invalid_arguments("missing required field: files")
        pairs = []
        for each in wanted:
            file = world.workspace.files.get(str(each.get("id")))
            if file is None or file.is_deleted or file.received is None:
                raise Refusal("file_not_found")
            pairs.append((file, str(each.get("title") or "")))
        return pairs


def _existing(world: World, id: str) -> SlackFile:
    file = world.workspace.files.get(id)
    if file is None or not file.is_completed:
        raise Refusal("file_not_found")
    if file.is_deleted:
        raise Refusal("file_deleted")
    return file


def _split(told: str) -> list[str]:
    return [each.strip() for each in told.split(",") if each.strip()]
