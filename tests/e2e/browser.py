"""A real browser for the demo's page; without chromium its tests are skipped: `pytestmark = needs_chromium`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import BrowserContext, async_playwright, expect

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
PATIENCE_MS = 30_000

needs_chromium = pytest.mark.skipif(
    not CHROMIUM.exists(), reason="There is no /usr/bin/chromium here; `apt install chromium` lets the page be tested."
)


@asynccontextmanager
async def a_browser(folder: Path, **look: object) -> AsyncIterator[BrowserContext]:
    async with async_playwright() as playwright:
        context = await playwright.chromium.launch_persistent_context(
            str(folder / "chromium"), executable_path=str(CHROMIUM), args=FLAGS,
            **({"viewport": {"width": 1360, "height": 860}} | look),
        )  # fmt: skip
        context.set_default_timeout(PATIENCE_MS)
        expect.set_options(timeout=PATIENCE_MS)
        yield context
        await context.close()
