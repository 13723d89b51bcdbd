"""A person's picture out of Slack: only from Slack's own host, at most 10 MB, never a login page.

A wrong token or a missing scope yields 200 with an HTML page (slack facts section 9, read 2026-11-21).
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot.media.pictures import PICTURE_BYTES_MAX, PictureRefused, Reason
from bot.slack.errors import words_for
from bot.slack.failures import SlackFailure, slack_failures
from bot.slack.people_messages import message_picture

FILE_HOSTS = frozenset({"files.slack.com", "files.slack-gov.com"})
PIECE_BYTES = 64 * 1024
PATIENCE = aiohttp.ClientTimeout(total=30, sock_connect=5, sock_read=10)

NO_PICTURE = "The picture could not be taken along: upload it here, or go on without it. Nothing was charged."

_NOT_HERE = frozenset({"tombstone", "hidden_by_limit", "external"})


class PeoplePictures:
    def __init__(self, *, http: aiohttp.ClientSession, api_url: str) -> None:
        """`api_url`: where Slack is for us; a local Slack keeps its files at the same origin."""
        self._http = http
        self._api_origin = _origin(api_url)

    async def fetch(self, client: AsyncWebClient, file: Mapping[str, Any]) -> bytes:
        """The bytes of a file object that Slack sent us.

        Raises:
            PictureRefused: not a picture, too large, or not to be had; with words for the person.
            SlackFailure: Slack refused to tell more about the file.
        """
        if file.get("file_access") == "check_file_info" or not file.get("url_private"):
            with slack_failures("files.info"):
                answer = await client.files_info(file=str(file.get("id", "")))
                found = answer["file"]
            file = found if isinstance(found, dict) else {}
        if file.get("mode") in _NOT_HERE or file.get("is_external"):
            raise _unreadable("This picture is not kept in Slack, so I cannot read it. Please upload it.")
        size = file.get("size")
        if isinstance(size, int) and size > PICTURE_BYTES_MAX:
            raise _too_large(size)
        url = str(file.get("url_private_download") or file.get("url_private") or "")
        if not self._is_slack_file(url):
            raise _unreadable("I could not read this picture from Slack. Please upload it in the form.")
        return await self._read(url, str(client.token or ""))

    async def _read(self, url: str, token: str) -> bytes:
        """No redirects: the token would travel to whoever they name."""
        headers = {"Authorization": f"Bearer {token}"}
        content = bytearray()
        try:
            async with self._http.get(url, headers=headers, allow_redirects=False, timeout=PATIENCE) as answer:
                if answer.status != 200 or answer.content_type == "text/html":
                    raise _unreadable("Slack did not let me read this picture. An admin can allow it (files:read).")
                async for piece in answer.content.iter_chunked(PIECE_BYTES):
                    content += piece
                    if len(content) > PICTURE_BYTES_MAX:
                        raise _too_large(len(content))
        except (aiohttp.ClientError, TimeoutError):
            raise _unreadable("The picture did not arrive from Slack. Please try again in a minute.") from None
        return bytes(content)

    def _is_slack_file(self, url: str) -> bool:
        parts = urlsplit(url)
        official = parts.scheme == "https" and parts.hostname in FILE_HOSTS and parts.port in {None, 443}
        return official or (bool(url) and _origin(url) == self._api_origin)


class MessagePictures:
    """A message's first picture, kept for the video that may be made of it."""

    def __init__(self, *, pictures: PeoplePictures, keep: Callable[[bytes], Awaitable[str]]) -> None:
        self._pictures = pictures
        self._keep = keep

    async def taken(self, client: AsyncWebClient, message: Mapping[str, Any]) -> tuple[str | None, str]:
        """The kept picture's id, and what its person should know when it had to stay behind. The words never do."""
        if (file := message_picture(message)) is None:
            return None, ""
        try:
            return await self._keep(await self._pictures.fetch(client, file)), ""
        except PictureRefused as refused:
            return None, words_for(refused)
        except SlackFailure:
            return None, NO_PICTURE


def _unreadable(words: str) -> PictureRefused:
    return PictureRefused(Reason.NOT_A_PICTURE, words)


def _too_large(size: int) -> PictureRefused:
    return PictureRefused(
        Reason.TOO_LARGE,
        f"This picture has more than 10 MB ({size / 1024 / 1024:.1f} MB). Send a smaller copy of it.",
    )


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port
