"""The demo's three services in a real browser: one breaks, all break, and what people read of it."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from browser import a_browser, needs_chromium
from playwright.async_api import Locator, Page, expect
from street import Street, a_street

from bot.demo.page_server import Page as PageServer
from bot.slack.manifest import manifest

pytestmark = [needs_chromium, pytest.mark.own_database]

PATIENCE_MS = 120_000


@asynccontextmanager
async def a_visit(folder: Path) -> AsyncIterator[tuple[Page, Street]]:
    """The demo as people see it, with time ten times as fast. `test_demo_page` starts the real one."""
    async with (
        a_street(folder) as street,
        PageServer.running(
            street.town.slack,
            street.services,
            manifest=manifest(),
            prompts=("a corgi surfing at sunset", "a paper boat"),
        ) as server,
        a_browser(folder) as context,
        street.hurrying(),
    ):
        page = context.pages[0]
        await page.goto(server.url)
        await expect(page.get_by_role("heading", name="#videos")).to_be_visible()
        yield page, street


async def typed(page: Page, text: str) -> None:
    field = page.get_by_label("Message #videos", exact=True)
    await field.fill(text)
    await field.press("Enter")


def card(page: Page, words: str) -> Locator:
    return page.locator("#messages .card").filter(has_text=words)


async def first_video(page: Page) -> None:
    await page.get_by_label("Message #videos", exact=True).press("Enter")
    await expect(card(page, "Done")).to_contain_text("Aurora · by Northlight", timeout=PATIENCE_MS)


async def test_one_broken_service_moves_the_video_and_everybody_is_told(tmp_path: Path) -> None:
    async with a_visit(tmp_path) as (page, street):
        await first_video(page)
        await typed(page, "/sora status")
        await expect(card(page, "All good")).to_be_visible()
        await page.get_by_role("button", name=re.compile("Show each service")).click()
        for name in ("Northlight", "Harbour", "Workshop"):
            await expect(card(page, "All good").last).to_contain_text(name)
            await expect(page.get_by_role("combobox", name=name)).to_have_value("normal")
        await page.get_by_role("combobox", name="Northlight").select_option("down")
        await expect(page.get_by_role("status")).to_contain_text("Northlight cannot be reached.")
        await page.get_by_label("Message #videos", exact=True).press("Enter")
        moved = re.compile(r"Northlight could not be reached; Cedar by Workshop ma\w+ it.*, free instead of \$0\.40\.")
        await expect(card(page, "a paper boat")).to_contain_text(moved, timeout=PATIENCE_MS)
        done = card(page, "Done").filter(has_text="Cedar · by Workshop")
        await expect(done).to_contain_text("free", timeout=PATIENCE_MS)
        await expect(page.locator("#thread").get_by_text(moved).first).to_be_visible()
        northlight, harbour, workshop = street.services
        assert [each.taken for each in (northlight, harbour, workshop)] == [1, 0, 1]
        await expect(page.locator(".service").filter(has_text="Northlight")).to_contain_text("1 order, its bill $0.40")
        status = page.get_by_role("button", name=re.compile("video-status"))
        await expect(status.locator(".unread")).to_be_visible(timeout=PATIENCE_MS)
        await status.click()
        await expect(card(page, "Northlight is not used at the moment")).to_contain_text("cannot be reached")
        await expect(status.locator(".unread")).to_have_count(0)


async def test_all_broken_is_said_and_mended_all_goes_on(tmp_path: Path) -> None:
    async with a_visit(tmp_path) as (page, street):
        await first_video(page)
        for name in ("Northlight", "Harbour", "Workshop"):
            await page.get_by_role("combobox", name=name).select_option("down")
        await page.get_by_label("Message #videos", exact=True).press("Enter")
        waiting = card(page, "a paper boat")
        await expect(waiting).to_contain_text("Waiting for a service", timeout=PATIENCE_MS)
        await expect(waiting).to_contain_text("starts by itself")
        assert [each.taken for each in street.services] == [1, 0, 0]
        await page.get_by_role("button", name="Mend all").click()
        await expect(waiting).to_contain_text("Done", timeout=PATIENCE_MS)
        assert sum(each.taken for each in street.services) == 2


async def test_the_admins_settings_are_filled_by_hand(tmp_path: Path) -> None:
    async with a_visit(tmp_path) as (page, _):
        await typed(page, "/sora settings")
        form = page.get_by_role("dialog", name="Settings")
        services = form.get_by_role("group", name=re.compile("^Services"))
        await expect(services.get_by_role("checkbox", name="#video-status")).to_be_checked()
        await services.get_by_role("checkbox", name="#videos").check(force=True)
        await form.get_by_role("button", name="Save").click()
        await expect(form).to_contain_text("Saved.")
        await expect(form).to_contain_text(re.compile("Services: .*#videos"))
