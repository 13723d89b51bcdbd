"""The demo's page in a real browser, over the real bot. Skipped where there is no chromium."""

import asyncio
import io
import re
import shutil
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from browser import a_browser, needs_chromium
from PIL import Image
from playwright.async_api import Page, expect
from town import Town, a_town

from bot.demo.page_server import Page as PageServer
from bot.demo.services import Offer, Service, Sold
from bot.demo.videos import Switch, Variant
from bot.slack.manifest import manifest

PICTURES = Path(__file__).parents[2] / "bot" / "demo" / "page" / "pictures"
PICTURE_BYTES_MAX = 400_000

pytestmark = [needs_chromium, pytest.mark.own_database]

ONE = Offer(
    name="videos",
    label="Local video service",
    variant=Variant.OPENAI,
    tier="relay",
    render_s=0.05,
    sells=(Sold(model="demo-fast", usd_micros_per_s=100_000, takes_s=120),),
    says="$0.10 a second",
)
"""What the town's one service is, for the page."""


@asynccontextmanager
async def a_page(folder: Path, **look: object) -> AsyncIterator[tuple[Page, Town, PageServer]]:
    """The page of a whole town, whose errors and requests to elsewhere are errors of the test."""
    complaints: list[str] = []
    async with a_town(folder) as town:
        services = (Service(offer=ONE, videos=town.videos),)
        async with PageServer.running(
            town.slack, services, manifest=manifest(), prompts=("a corgi surfing at sunset", "a paper boat")
        ) as server:
            async with a_browser(folder, **look) as context:
                page = context.pages[0]
                page.on("pageerror", lambda error: complaints.append(str(error)))
                page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
                page.on("request", lambda asked: _stays_here(asked.url, server.url, complaints))
                await page.goto(server.url)
                await expect(page.get_by_role("heading", name="#videos")).to_be_visible()
                yield page, town, server
    assert complaints == []


def _stays_here(url: str, own: str, complaints: list[str]) -> None:
    if not url.startswith((own, own.replace("http", "ws", 1))):
        complaints.append(f"asked {url}")


async def test_enter_is_all_it_takes_and_the_video_plays(tmp_path: Path) -> None:
    async with a_page(tmp_path) as (page, town, _):
        field = page.get_by_label("Message #videos", exact=True)
        await expect(field).to_be_focused()
        await expect(field).to_have_value("/sora a corgi surfing at sunset")
        await page.keyboard.press("Enter")
        card = page.locator("#messages .card").filter(has_text="Done")
        await expect(card).to_contain_text("$0.40")
        film = page.locator("#thread video")
        await expect(film).to_be_visible()
        await page.wait_for_function("document.querySelector('#thread video').currentTime > 0.2")
        assert await film.evaluate("film => film.controls && film.duration > 1")
        await expect(page.locator("#live")).to_contain_text("Sora: ")
        assert len(town.videos.accepted) == 1


async def test_the_service_is_broken_and_mended_by_keyboard_alone(tmp_path: Path) -> None:
    async with a_page(tmp_path) as (page, town, _):
        await expect(page.get_by_text("Now break a service")).to_be_hidden()
        await page.keyboard.press("Enter")
        await expect(page.locator("#messages .card").filter(has_text="Done")).to_be_visible()
        await expect(page.get_by_role("list", name="Now break a service")).to_contain_text("1 order, its bill $0.40")
        await page.keyboard.press("Shift+Tab")
        switch = page.get_by_role("combobox", name="Local video service")
        await expect(switch).to_be_focused()
        await page.keyboard.type("Refuses")
        await expect(switch).to_have_value("refuse")
        await expect(switch).to_be_focused()
        await expect(page.get_by_role("status")).to_contain_text("Local video service turns every prompt down")
        await town.until(lambda: town.videos.switched is Switch.REFUSE)
        await page.keyboard.press("Tab")
        await expect(page.get_by_label("Message #videos", exact=True)).to_have_value("/sora a paper boat")
        await page.keyboard.press("Enter")
        refused = page.locator("#messages .card").filter(has_text="Not made")
        await expect(refused).to_contain_text("Nothing was charged")
        await page.get_by_role("button", name="Mend all").press("Enter")
        await expect(page.get_by_role("status")).to_contain_text("All of them work")
        await expect(switch).to_be_focused()
        assert town.videos.switched is Switch.NORMAL


async def test_the_form_by_keyboard_keeps_what_was_typed_says_errors_at_the_field_and_closes(tmp_path: Path) -> None:
    async with a_page(tmp_path) as (page, _, __):
        opener = page.get_by_role("button", name="Make a video", exact=True)
        await opener.focus()
        await page.keyboard.press("Enter")
        form = page.get_by_role("dialog", name="Make a video")
        prompt = form.get_by_label("Prompt")
        await expect(prompt).to_be_focused()
        await form.get_by_role("button", name=re.compile(r"Make it")).press("Enter")
        await expect(prompt).to_have_attribute("aria-invalid", "true")
        await expect(prompt).to_be_focused()
        await expect(form.get_by_role("alert").first).to_contain_text("required")
        await page.keyboard.type("waves at night")
        await form.get_by_label("Length").select_option("12")
        await expect(form.get_by_role("button", name="Make it · $1.20")).to_be_visible()
        await expect(prompt).to_have_value("waves at night")
        for _ in range(30):
            await page.keyboard.press("Tab")
            assert await page.evaluate(
                "document.activeElement === document.body || !!document.activeElement.closest('dialog')"
            )
        await page.keyboard.press("Escape")
        await expect(form).to_be_hidden()
        await expect(opener).to_be_focused()


async def test_a_picture_and_the_form_become_a_video(tmp_path: Path) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (1280, 720), "#2f7f86").save(picture, "PNG")
    async with a_page(tmp_path) as (page, town, _):
        await page.get_by_role("button", name="Make a video", exact=True).click()
        form = page.get_by_role("dialog")
        await form.get_by_label("Prompt").fill("the sea begins to move")
        await form.get_by_label("Where to post").select_option(label="#videos")
        await form.locator("input[type=file]").set_input_files(
            {"name": "sea.png", "mimeType": "image/png", "buffer": picture.getvalue()}
        )
        await expect(form.get_by_text("sea.png")).to_be_visible()
        await form.get_by_role("checkbox").check()
        view = town.slack.top_view("ada")
        await town.until(lambda: "F0" in str(view.values))
        await form.get_by_role("button", name=re.compile(r"Make it")).click()
        await expect(form.get_by_alt_text("The first frame of the video")).to_be_visible()
        await form.get_by_role("button", name=re.compile(r"Make it")).click()
        first_frame, done = form.locator("figure img"), page.locator("#messages .card").filter(has_text="Done")
        await expect(first_frame.or_(done).first).to_be_visible()
        if await form.is_visible():
            await form.get_by_role("button", name=re.compile(r"Make it")).press("Enter")
        await expect(done).to_be_visible()
        assert len(town.videos.accepted) == 1


async def test_each_person_sees_only_their_own_and_delete_asks_first(tmp_path: Path) -> None:
    async with a_page(tmp_path) as (page, town, _):
        await page.keyboard.press("Enter")
        delete = page.locator("#messages").get_by_role("button", name=re.compile(r"^Delete"))
        await expect(delete).to_be_visible()
        await expect(page.locator("#messages").get_by_text("Only visible to you").first).to_be_visible()
        await delete.click()
        question = page.get_by_role("dialog")
        await expect(question.get_by_role("button", name="Keep it")).to_be_focused()
        await page.keyboard.press("Escape")
        await expect(question).to_be_hidden()
        await page.get_by_role("radio", name=re.compile("Ben")).check()
        await expect(
            page.locator("#messages").get_by_role("button", name=re.compile(r"^Make video 1 once more"))
        ).to_be_visible()
        await expect(page.locator("#messages").get_by_text("Only visible to you")).to_have_count(0)
        await expect(delete).to_have_count(0)
        await page.get_by_role("radio", name=re.compile("Ada")).check()
        await delete.click()
        await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        await town.until(lambda: not any(each.file_ids for each in town.slack.messages("ada", "videos")))
        await expect(page.locator("video")).to_have_count(0)


async def test_what_people_write_never_becomes_markup_of_the_page(tmp_path: Path) -> None:
    async with a_page(tmp_path) as (page, town, _):
        await town.slack.say("ben", "videos", "<img src=x onerror=alert(1)> & <b>bold</b>")
        said = page.locator("#messages .message").last
        await expect(said).to_contain_text("<img src=x onerror=alert(1)> & <b>bold</b>")
        assert await said.locator("article img, article b").count() == 0
        await town.sora("<script>alert(1)</script> [x](javascript:alert(1)) *bold* <https://example.com|a link>")
        card = page.locator("#messages .card").filter(has_text="Done")
        await expect(card).to_contain_text("<script>alert(1)</script>")
        assert await card.locator("script, a").count() == 0


async def test_times_stand_in_the_readers_own_zone(tmp_path: Path) -> None:
    async with a_page(tmp_path, timezone_id="Asia/Tokyo") as (page, _, __):
        field = page.get_by_label("Message #videos", exact=True)
        await field.fill("/sora quota")
        await field.press("Enter")
        resets = page.locator("#messages").get_by_text("Starts anew")
        await expect(resets).to_contain_text(re.compile(r"Starts anew (today|tomorrow) 9:00.AM"))


async def test_a_thread_takes_replies_and_refuses_commands(tmp_path: Path) -> None:
    async with a_page(tmp_path) as (page, town, _):
        await town.slack.say("ben", "videos", "which one shall we take?")
        await page.locator("#messages .message").hover()
        await page.get_by_role("button", name="Reply in a thread").click()
        field = page.get_by_label("Reply in the thread")
        await field.fill("the corgi")
        await field.press("Enter")
        await expect(page.get_by_role("button", name="1 reply")).to_be_visible()
        await field.fill("/sora waves")
        await field.press("Enter")
        await expect(page.locator("#messages")).to_contain_text("/sora is not supported in threads")
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("button", name="1 reply")).to_be_focused()


async def test_a_phone_shows_all_of_it_without_sideways_scrolling(tmp_path: Path) -> None:
    async with a_page(tmp_path, viewport={"width": 390, "height": 844}, color_scheme="dark") as (page, _, __):
        await page.get_by_label("Message #videos", exact=True).press("Enter")
        await expect(page.locator("#messages .card").filter(has_text="Done")).to_be_visible()
        await page.get_by_role("button", name="1 reply").click()
        await expect(page.locator("#thread video")).to_be_visible()
        assert await page.evaluate("document.documentElement.scrollWidth") == 390
        await page.get_by_role("button", name="Close the thread").click()
        await page.get_by_role("button", name="Channels and people").click()
        await page.get_by_role("button", name="marketing").click()
        await expect(page.get_by_role("heading", name="#marketing")).to_be_visible()
        await expect(page.get_by_text("the bot is not here")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_text_has_enough_contrast(tmp_path: Path, scheme: str) -> None:
    async with a_page(tmp_path, color_scheme=scheme) as (page, _, __):
        await page.keyboard.press("Enter")
        await expect(page.locator("#messages .card").filter(has_text="Done")).to_be_visible()
        await page.get_by_role("combobox", name="Local video service").select_option("down")
        await expect(page.get_by_role("status")).to_contain_text("cannot be reached")
        assert await page.evaluate(FAINT) == []


async def test_the_page_answers_only_to_itself_and_seeks_in_videos(tmp_path: Path) -> None:
    async with a_page(tmp_path) as (page, town, server), aiohttp.ClientSession() as http:
        for headers in ({"Host": "evil.example"}, {"Origin": "https://evil.example"}):
            async with http.get(f"{server.url}ws", headers=headers) as refused:
                assert refused.status == 403
        async with http.get(f"{server.url}page/README.md") as hidden:
            assert hidden.status == 404
        await page.keyboard.press("Enter")
        await expect(page.locator("#thread video")).to_be_visible()
        film = next(each for each in town.slack.workspace.files.values() if each.mimetype == "video/mp4")
        async with http.get(f"{server.url}files/{film.id}", headers={"Range": "bytes=4-7"}) as part:
            assert (part.status, await part.read()) == (206, b"ftyp")
        page_file = await town.slack.upload_picture("ada", b"<script>1</script>", "x.svg", mimetype="image/svg+xml")
        async with http.get(f"{server.url}files/{page_file.id}") as download:
            assert download.headers["Content-Disposition"] == "attachment"


@pytest.mark.timeout(400)  # with --update-pictures it waits for what takes a service that is out a minute
async def test_the_four_moments_of_the_command_line_demo(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """`sora-bot demo` as people start it; with --update-pictures its four moments become the README's."""
    taking = request.config.getoption("--update-pictures", default=False)
    demo = await asyncio.create_subprocess_exec(
        sys.executable, "-u", "-m", "bot", "demo", "--no-browser", cwd=Path(__file__).parents[2],
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        line = (await asyncio.wait_for(demo.stdout.readline(), 60)).decode()
        address = re.search(r"http://127\.0\.0\.1:\d+/", line)
        assert address, line + (await demo.stderr.read()).decode()
        async with a_browser(tmp_path) as context:
            page = context.pages[0]
            await page.goto(address.group())
            moments = Moments(page, tmp_path)
            await moments.form()
            await moments.rendering()
            await moments.delivered()
            await moments.broken()
            if taking:
                await moments.question()
                await moments.incident()
                await moments.status()
        if taking:
            for each in moments.taken:
                shutil.copyfile(each, PICTURES / each.name)
    finally:
        demo.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(demo.wait(), 8) == 0
    assert all(each.stat().st_size < PICTURE_BYTES_MAX for each in moments.taken)


class Moments:
    def __init__(self, page: Page, folder: Path) -> None:
        self._page = page
        self._folder = folder
        self.taken: list[Path] = []

    async def form(self) -> None:
        await self._page.get_by_role("button", name="Make a video", exact=True).click()
        form = self._page.get_by_role("dialog")
        await form.get_by_label("Prompt").fill("a corgi surfing at sunset, filmed from a boat, warm light")
        await form.get_by_label("Where to post").select_option(label="#videos")
        await form.get_by_label("Length").select_option("8")
        await expect(form.get_by_role("button", name="Make it · $0.80")).to_be_visible()
        await form.locator(".modal-body").evaluate("body => body.scrollTo(0, 0)")
        await self._take("form")
        await self._page.keyboard.press("Escape")
        await expect(form).to_be_hidden()

    async def rendering(self) -> None:
        field = self._page.get_by_label("Message #videos", exact=True)
        await expect(field).to_have_value("/sora a corgi surfing at sunset")
        await field.press("Enter")
        await expect(self._page.locator("#messages .card").filter(has_text="usually about 10 s")).to_be_visible()
        await self._take("rendering")

    async def delivered(self) -> None:
        await expect(self._page.locator("#messages .card").filter(has_text="Done")).to_be_visible()
        await self._page.wait_for_function("document.querySelector('#thread video')?.currentTime > 1.5")
        await self._take("delivered")

    async def broken(self) -> None:
        await self._page.get_by_role("combobox", name="Northlight").select_option("down")
        await self._page.get_by_label("Message #videos", exact=True).press("Enter")
        card = self._page.locator("#messages .card").filter(has_text="by Workshop")
        await expect(card).to_contain_text("Northlight could not be reached; Cedar by Workshop makes it now")
        await self._page.get_by_role("button", name="1 reply").last.click()
        await expect(self._page.locator("#replies")).to_contain_text("Northlight could not be reached")
        await self._take("broken")

    async def question(self) -> None:
        """A model that only one service has at this price, after a minute without that service."""
        await self._typed("/sora two foxes dancing in the snow --model Aurora-Pro")
        await self._page.get_by_text("Make it · $1.20", exact=True).click()
        card = self._page.locator("#messages .card").filter(has_text="two foxes").last
        await expect(card.get_by_role("button", name=re.compile("Wait"))).to_be_visible(timeout=180_000)
        await self._take("question")

    async def incident(self) -> None:
        await self._page.get_by_role("button", name=re.compile("video-status")).click()
        card = self._page.locator("#messages .card").filter(has_text="Northlight is not used at the moment")
        await expect(card).to_be_visible(timeout=180_000)
        await self._page.get_by_role("button", name=re.compile("repl")).last.click()
        await self._take("incident")
        await self._page.get_by_role("button", name="Close the thread").click()

    async def status(self) -> None:
        await self._page.locator("#channels").get_by_role("button", name="videos", exact=True).click()
        await self._typed("/sora status")
        await self._page.get_by_role("button", name=re.compile("^Show each service")).last.click()
        card = self._page.locator("#messages .message").last
        await expect(card).to_contain_text("Harbour")
        await self._page.get_by_role("button", name="Fold the switches").click()
        await card.evaluate("card => card.scrollIntoView({block: 'start'})")
        await self._take("status")

    async def _typed(self, text: str) -> None:
        field = self._page.get_by_label("Message #videos", exact=True)
        await field.fill(text)
        await field.press("Enter")

    async def _take(self, name: str) -> None:
        """A picture of the page in all its colours: with fewer of them a sunset has rings."""
        await self._page.mouse.move(2, 2)
        await self._page.wait_for_timeout(400)
        target = self._folder / f"{name}.png"
        Image.open(io.BytesIO(await self._page.screenshot())).convert("RGB").save(target, optimize=True)
        self.taken.append(target)


FAINT = """() => {
  const rgb = (text) => { const n = text.match(/[\\d.]+/g).map(Number); return [n[0], n[1], n[2], n[3] ?? 1]; };
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
    .map((c) => c <= .03928 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4)
    .reduce((sum, c, n) => sum + c * [.2126, .7152, .0722][n], 0);
  const behind = (node) => { for (let at = node; at; at = at.parentElement) {
    const colour = getComputedStyle(at).backgroundColor;
    if (colour.startsWith("rgb") && rgb(colour)[3] === 1) return rgb(colour); } return [255, 255, 255]; };
  const faint = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !node.checkVisibility() || node.closest("script, .tools")) continue;
    const [a, b] = [light(rgb(getComputedStyle(node).color)), light(behind(node))].sort((x, y) => y - x);
    const ratio = (a + .05) / (b + .05);
    if (ratio < 4.5) faint.push(`${ratio.toFixed(2)} ${walker.currentNode.data.trim().slice(0, 40)}`);
  }
  return faint;
}"""
"""The texts on the page whose colour stands out from what is behind it by less than 4.5 to 1 (WCAG 2.2, AA)."""
