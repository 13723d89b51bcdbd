"""`response_url`: five answers in thirty minutes, without membership; to one person unless it says in_channel."""

from typing import Any

from aiohttp import web

from bot.demo.slack.blocks import check_message
from bot.demo.slack.gate import Gate
from bot.demo.slack.posting import change, post, remove, usable_files
from bot.demo.slack.refusals import Refusal
from bot.demo.slack.tickets import ResponseUrl
from bot.demo.slack.workspace import Message
from bot.demo.slack.world import World


class ResponseUrls:
    def __init__(self, world: World, gate: Gate) -> None:
        self._world = world
        self._gate = gate

    def register(self, app: web.Application) -> None:
        app.router.add_post("/response/{secret}", self.serve)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        try:
            told = await request.json()
        except ValueError:
            return web.Response(status=400, text="invalid_payload")

        async def work() -> web.StreamResponse:
            try:
                answer(self._world, self._world.tickets.use(request.match_info["secret"]), told)
            except Refusal as no:
                status = 404 if no.code in {"expired_url", "used_url"} else 400
                return web.Response(status=status, text=no.code)
            return web.Response(text="ok")

        return await self._gate.through(request, "response_url", dict(told), work)


def answer(world: World, url: ResponseUrl, told: dict[str, Any]) -> Message | None:
    """Do what one answer says; also what a command's own acknowledgement may carry.

    Raises:
        Refusal: `invalid_blocks`, `no_text`.
    """
    channel = world.workspace.channels[url.channel_id]
    original = channel.find(url.message_ts) if url.message_ts else None
    if original is not None and original.is_deleted:
        original = None
    if told.get("delete_original") in {True, "true"}:
        if original is not None:
            remove(world, original)
        return None
    text, blocks = str(told.get("text") or ""), check_message(told.get("blocks"))
    usable_files(world, blocks)
    if not text.strip() and not blocks and not told.get("attachments"):
        raise Refusal("no_text")
    if told.get("replace_original") in {True, "true"} and original is not None:
        change(world, original, text=text, blocks=blocks, attachments=told.get("attachments"))
        return original
    in_channel = told.get("response_type") == "in_channel"
    return post(
        world, channel, user_id=world.app.user_id, text=text, blocks=blocks, attachments=told.get("attachments"),
        thread_ts=told.get("thread_ts"), ephemeral_to=None if in_channel else url.user_id,
    )  # fmt: skip
