"""Files to Slack in three steps, streamed from disk: memory does not grow with the file.

`files_upload_v2` reads whole files (200 MB: 596 MB above idle, measured 2026-11-21) and puts the comment into a query
string; this does neither. Flow: docs.slack.dev "Uploading files", read 2026-11-21.
"""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.client import CONNECT_TIMEOUT_S, SlackDoor
from bot.slack.failures import Ours, failure_of, slack_failures

PIECE_BYTES = 256 * 1024
SILENCE_MAX_S = 120.0
"""An upload may take as long as it takes, but not stand still longer than this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Slack's permission to send so many bytes. The URL lets anybody fill the file: it is not kept or logged."""

    file_id: str
    upload_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSeen:
    """What `files.info` knows of a file: the messages that show it, and whether Slack has looked at it yet."""

    posts: tuple[tuple[str, str], ...]
    """Channel id and `ts` of each message."""
    processed: bool

    def is_in(self, slack_channel_id: str) -> bool:
        return any(channel == slack_channel_id for channel, _ in self.posts)


class SlackFiles:
    """The file methods of the Web API. Every call raises `SlackFailure` and nothing else; none repeats itself."""

    def __init__(self, door: SlackDoor) -> None:
        self._slack: AsyncWebClient = door.worker
        self._http: aiohttp.ClientSession = door.http
        self._threads: ThreadPoolExecutor = door.threads

    async def grant(self, *, file_name: str, size_bytes: int, alt_txt: str) -> Grant:
        """Ask for a file id. Repeatable: one that is never completed is thrown away by Slack."""
        method = "files.getUploadURLExternal"
        with slack_failures(method):
            answer = await self._slack.files_getUploadURLExternal(
                filename=file_name, length=size_bytes, alt_txt=alt_txt
            )
        url = str(answer["upload_url"])
        if urlsplit(url).scheme != "https" and urlsplit(self._slack.base_url).scheme == "https":
            raise Ours(method, "upload_url_not_https")
        return Grant(file_id=str(answer["file_id"]), upload_url=url)

    async def send(self, grant: Grant, content: Path | bytes) -> None:
        """Fill the granted file. Until it is completed nobody sees it."""
        size_bytes = len(content) if isinstance(content, bytes) else content.stat().st_size
        patience = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_S, sock_read=SILENCE_MAX_S)
        headers = {"Content-Length": str(size_bytes), "Content-Type": "application/octet-stream"}
        body = content if isinstance(content, bytes) else self._pieces(content)
        with slack_failures("upload"):
            async with self._http.post(
                grant.upload_url, data=body, headers=headers, timeout=patience, allow_redirects=False
            ) as answer:
                if answer.status != 200:
                    raise failure_of("upload", {}, status=answer.status, headers=answer.headers)

    async def complete(
        self,
        *,
        file_id: str,
        title: str,
        slack_channel_id: str | None = None,
        thread_ts: str | None = None,
        comment: str | None = None,
    ) -> None:
        """Make the file real: shared to a thread, or private without a channel. Works once per file id.

        As JSON: the SDK's own method would put the comment into the query string, and so into access logs.
        """
        told: dict[str, Any] = {
            "files": [{"id": file_id, "title": title}],
            "channel_id": slack_channel_id,
            "thread_ts": thread_ts,
            "initial_comment": comment,
        }
        with slack_failures("files.completeUploadExternal"):
            await self._slack.api_call(
                "files.completeUploadExternal",
                json={name: value for name, value in told.items() if value is not None},
            )

    async def look(self, file_id: str) -> FileSeen:
        """Ask where a file is. Needs `files:read`."""
        with slack_failures("files.info"):
            answer = await self._slack.files_info(file=file_id)
        told = answer.get("file") or {}
        kinds = (told.get("shares") or {}).values()
        return FileSeen(
            posts=tuple(
                (channel, str(post.get("ts") or ""))
                for shares in kinds
                for channel, posts in shares.items()
                for post in posts
            ),
            processed=bool(told.get("mimetype")),
        )

    async def delete(self, file_id: str) -> None:
        with slack_failures("files.delete"):
            await self._slack.files_delete(file=file_id)

    async def _pieces(self, path: Path) -> AsyncIterator[bytes]:
        """The file piece by piece, read in our own threads: the loop's default ones belong to the durable engine."""
        run = asyncio.get_running_loop().run_in_executor
        film = await run(self._threads, path.open, "rb")
        try:
            while piece := await run(self._threads, film.read, PIECE_BYTES):
                yield piece
        finally:
            film.close()
