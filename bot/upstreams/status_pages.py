"""Reads status pages over the network: small, patient, and never in the way of anything."""

import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, assert_never

import httpx

from bot.catalogue.model import PageKind, StatusPage
from bot.media.public import certificates
from bot.upstreams.pages import PageReport, google, statuspage

_log = logging.getLogger(__name__)

BYTES_MAX = 4_000_000
"""Google's list holds months; it was 112 KB in 2026."""
TIMEOUT_S = 10.0


class PageReader:
    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def read(self, page: StatusPage) -> PageReport | None:
        """None: it could not be read or understood, which says nothing about the service."""
        try:
            document = await self._document(page.url)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, RecursionError) as error:
            _log.info("a status page could not be read", extra={"page": page.url, "error": type(error).__name__})
            return None
        match page.kind:
            case PageKind.STATUSPAGE:
                return statuspage(document, page.components)
            case PageKind.GOOGLE:
                return google(document, page.components)
            case _:
                assert_never(page.kind)

    async def _document(self, url: str) -> Any:
        content = b""
        async with self._client.stream("GET", url, headers={"Accept": "application/json"}) as answer:
            answer.raise_for_status()
            async for chunk in answer.aiter_bytes():
                content += chunk
                if len(content) > BYTES_MAX:
                    raise ValueError("a status page of megabytes")
        return json.loads(content)


@asynccontextmanager
async def opened_pages() -> AsyncIterator[PageReader]:
    """Redirects are followed: the addresses are the catalogue's own, and nothing secret travels."""
    async with httpx.AsyncClient(
        timeout=TIMEOUT_S, follow_redirects=True, max_redirects=3, verify=certificates()
    ) as client:
        yield PageReader(client)
