"""What people type and send that is wrong, odd or hostile: a clear sentence, nothing lost, nothing spent."""

import io
import re
import struct
import zlib
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageDraw
from town import Town, a_town

from bot.demo.slack import Submitted, View
from bot.slack.ids import ActionId, CallbackId

ADA = "U0ADA00001"
UNTOUCHED = "$5.00 left of $5.00"
NOTHING = "Nothing was charged"

pillow_heif.register_heif_opener()


MISREAD = [
    ("a corgi surfing --lenght 8", ("I do not know the option", "Did you mean", "length")),
    ("a corgi surfing --sparkle", ("I do not know the option", "You can use", "--wide")),
    ("a corgi surfing --8s --length 4", ("says something a second time", "use one --length")),
    ("a corgi surfing --model", ("--model needs a value", "auto or a model's name")),
    ("a corgi surfing --length=banana", ("“banana” is no value for --length", "seconds, such as 8")),
    ("a corgi surfing —length", ("--length needs a value", "seconds")),
    ("a corgi surfing --wide and happy", ("takes no value", "options stand at the end")),
    ("a corgi surfing --length 10 --model demo-fast", ("does not make 10 s", "4 s, 8 s or 12 s", "nearest is 8")),
    ("a corgi surfing --model wan-9000", ("There is no model “wan-9000” here", "demo-fast")),
    ("a corgi surfing --square --model demo-fast", ("does not make the shape", "wide or vertical")),
]


async def test_options_that_are_not_understood_are_explained_and_nothing_of_the_text_is_lost(tmp_path: Path) -> None:
    async with a_town(tmp_path) as town:
        for typed, words in MISREAD:
            answered = await town.sora(typed)
            said = answered.said
            assert (answered.acked, said.ephemeral_to) == (True, ADA)
            assert [each for each in (*words, NOTHING, "kept") if each not in said.text] == [], said.text
            await town.slack.click("ada", said, ActionId.OPEN_FORM.value)
            assert _prompt(await town.form()).startswith("a corgi surfing")
            await town.slack.close_view("ada", all=True)
        assert (town.videos.accepted, town.cards()) == ([], [])
        assert UNTOUCHED in await town.quota()


async def test_what_phones_make_of_dashes_and_quotes_is_understood(tmp_path: Path) -> None:
    async with a_town(tmp_path) as town:
        await town.sora("a corgi — the brave one — surfing —8s")
        await town.sora("a corgi says “hello” —length 8s —shape ‘vertical’ --model “demo-fast”")
        await town.until(lambda: len(town.videos.accepted) == 2)
        asked = {each.prompt: (each.asked.length_s, each.asked.size) for each in town.videos.accepted}
        assert asked == {
            "a corgi — the brave one — surfing": (8, "1280x720"),
            "a corgi says “hello”": (8, "720x1280"),
        }


async def test_too_little_to_be_meant_opens_the_form_and_costs_nothing(tmp_path: Path) -> None:
    async with a_town(tmp_path) as town:
        for typed, prompt in (("", ""), ("  --8s ", ""), ("staus", "staus"), ("corgi", "corgi")):
            assert (await town.sora(typed)).acked
            form = await town.form()
            assert (_prompt(form), form.told["submit"]["text"][:7]) == (prompt, "Make it")
            if not prompt:  # the client itself insists on one
                sent = await town.slack.submit("ada", form)
                assert (sent.closed, list(sent.errors)) == (False, [_prompt_blocks(form)[0]])
            if typed != "corgi":
                await town.slack.close_view("ada", all=True)
        assert (town.videos.accepted, UNTOUCHED in await town.quota()) == ([], True)
        assert (await town.slack.submit("ada", form, {ActionId.FORM_PROMPT.value: "a corgi again"})).closed
        await town.until(lambda: len(town.films()) == 1)
        assert [each.prompt for each in town.videos.accepted] == ["a corgi again"]


async def test_words_that_only_look_like_commands(tmp_path: Path) -> None:
    async with a_town(tmp_path) as town:
        status = await town.sora("Status.")
        assert "All good" in status.said.text
        for typed in ("status symbol", "a payload full of payload=1 {payload}", "help yourself to the cake"):
            answered = await town.sora(typed)
            assert "on its way" in answered.said.text
        await town.until(lambda: len(town.films()) == 3)
        assert {each.prompt for each in town.videos.accepted} == {
            "status symbol", "a payload full of payload=1 {payload}", "help yourself to the cake",
        }  # fmt: skip
        assert town.ledger_is_exact()


@pytest.mark.parametrize("joint", [" ", ""])
async def test_three_thousand_and_one_characters_reach_the_service_every_one(tmp_path: Path, joint: str) -> None:
    words = (f"waves and gulls{joint}" * 400)[:2996]
    prompt = f"{words}ENDED"
    assert len(prompt) == 3001
    async with a_town(tmp_path) as town:
        asked = await town.sora(f"{prompt} --12s")  # above a dollar, so the price comes first
        assert NOTHING.lower().split()[0] in asked.said.text.lower()
        await town.slack.click("ada", asked.said, ActionId.OPEN_FORM.value)
        form = await town.form()
        assert len(_prompt_blocks(form)) == 2
        assert (await town.slack.submit("ada", form)).closed
        await town.until(lambda: len(town.films()) == 1)
        assert [each.prompt for each in town.videos.accepted] == [prompt]


HOSTILE = [
    "a cat 🐈‍⬛ on a 🛹, 👩🏽‍🚀 watching",
    "كلب يركب الأمواج عند الغروب \u202e reversed",
    "<!channel> <!here> <!everyone> look at this dog",
    "<@U123> and <@U0BEN00002> and @ben dancing, <!subteam^S1|team>",
    "a poster that says <https://evil.example/?q=1|Click me> and https://plain.example/x",
    "*bold* _under_ ~gone~ `code` ```<!channel>``` &lt;!channel&gt; & <b>",
]


async def test_no_text_of_a_person_pings_links_or_formats_anywhere(tmp_path: Path) -> None:
    async with a_town(tmp_path, SORA_RUNNING_MAX=10) as town:
        for typed in HOSTILE:
            answered = await town.sora(typed)
            assert "on its way" in answered.said.text
            refused = await town.sora(f"{typed} --sparkle 1")
            assert refused.said.ephemeral_to == ADA
        await town.until(lambda: len(town.films()) == len(HOSTILE))
        await town.sora("jobs")
        assert {each.prompt for each in town.videos.accepted} == set(HOSTILE)
        ours = [each for each in town.slack.workspace.messages if each.user_id == town.slack.bot_user_id]
        assert {ping for each in ours for ping in each.pings} == {f"@{ADA}"}
        assert {each.ts for each in ours if each.pings} == {each.ts for each in town.films()}
        assert [link for each in ours for link in each.links] == []
        assert [each.text for each in ours if "\u202e" in each.text] == []  # it would turn our own words around
        names = [each.name for each in town.slack.workspace.files.values()]
        assert [each for each in names if not re.fullmatch(r"[a-z0-9-]+\.[a-z0-9]+", each)] == []


async def test_a_hostile_message_through_the_shortcut_pings_nobody_either(tmp_path: Path) -> None:
    async with a_town(tmp_path) as town:
        said = await town.slack.say("ben", "videos", "@ada look: <!channel> a fox & a hen")
        await town.slack.message_shortcut("ada", "videos", said.ts, CallbackId.FROM_MESSAGE.value)
        assert (await town.slack.submit("ada", await town.form())).closed
        await town.until(lambda: len(town.films()) == 1)
        assert [each.prompt for each in town.videos.accepted] == [f"<@{ADA}> look: <!channel> a fox & a hen"]
        ours = [each for each in town.posts() if each.pings]
        assert [(each.pings, each.thread_ts) for each in ours] == [([f"@{ADA}"], said.ts)]


async def test_pictures_that_cannot_be_used_are_refused_at_the_field_and_a_good_one_goes_on(tmp_path: Path) -> None:
    async with a_town(tmp_path) as town:
        await town.sora("")
        form = await town.form()
        for content, name, words in (
            (b"Dear diary, this is no picture.", "notes.png", ("not a picture", "Send a JPEG")),
            (_noise_png(10.1), "huge.png", ("10 MB", "smaller copy")),
            (_bomb_png(), "bomb.png", ("too many pixels", "smaller copy")),
            (_png(_halves())[:3000], "half.png", ("damaged", "upload it again")),
            (_png(Image.new("RGB", (20, 20))), "dot.png", ("20 × 20 pixels", "Send one with")),
        ):
            sent = await _sent_with_picture(town, form, content, name)
            (error,) = sent.errors.values()
            assert [each for each in (*words, NOTHING) if each not in error] == [], error
            assert (sent.closed, _prompt(town.slack.top_view("ada"))) == (False, "the hills come alive")
        assert (town.videos.accepted, town.cards()) == ([], [])
        assert UNTOUCHED in await town.quota()
        assert (await _sent_with_picture(town, form, _heic(_halves()), "phone.heic", "image/heic")).closed
        await town.until(lambda: len(town.films()) == 1)
        assert len(town.videos.accepted) == 1


async def test_a_good_picture_reaches_the_service_fitted_upright_and_without_its_secrets(tmp_path: Path) -> None:
    clear = Image.new("RGBA", (400, 300), (0, 0, 0, 0))
    ImageDraw.Draw(clear).ellipse((100, 50, 300, 250), fill=(0, 200, 0, 255))
    async with a_town(tmp_path) as town:
        for number, (content, name) in enumerate(
            ((_heic(_halves()), "a.heic"), (_rotated_jpeg(), "b.jpg"), (_png(clear), "c.png")), start=1
        ):
            await town.sora("")
            sent = await _sent_with_picture(town, await town.form(), content, name, prompt=f"picture number {number}")
            assert (sent.errors, sent.closed) == ({}, True)
            await town.until(lambda: len(town.videos.accepted) == number)  # noqa: B023 - awaited here and now
        heic, rotated, transparent = (_shown(each.asked.picture) for each in town.videos.accepted)
        assert {each.size for each in (heic, rotated, transparent)} == {(1280, 720)}
        assert all(not each.getexif() and b"Exif" not in each.info.get("exif", b"") for each in (heic, rotated))
        assert [_hue(heic, 640, 100), _hue(heic, 640, 620)] == ["red", "blue"]
        assert [_hue(rotated, 640, 100), _hue(rotated, 640, 620)] == ["red", "blue"]
        assert _hue(transparent, 640, 360) == "green"


async def test_a_text_file_that_calls_itself_a_picture_comes_through_the_shortcut_as_words(tmp_path: Path) -> None:
    async with a_town(tmp_path) as town:
        for content, words in ((b"Dear diary", ("not a picture", NOTHING)), (_png(_halves()), ())):
            file = await town.slack.upload_picture("ada", content, "holiday.png")
            said = await town.slack.say("ada", "videos", "our house by the sea", files=[file])
            await town.slack.message_shortcut("ada", "videos", said.ts, CallbackId.FROM_MESSAGE.value)
            form = await town.form()
            assert [each for each in words if each not in str(form.blocks[0])] == [], form.blocks[0]
            assert _prompt(form) == "our house by the sea"
            if words:
                await town.slack.close_view("ada", all=True)
        assert (await town.slack.submit("ada", form, {ActionId.FORM_RIGHTS.value: ["yes"]})).closed
        await town.until(lambda: len(town.films()) == 1)
        (job,) = town.videos.accepted
        assert _shown(job.asked.picture).size == (1280, 720)
        assert [each.thread_ts for each in town.films()] == [said.ts]


async def _sent_with_picture(
    town: Town, form: View, content: bytes, name: str, mimetype: str = "image/png", *, prompt: str = ""
) -> Submitted:
    """A form that is sent is answered with the first frame; then it is sent once more."""
    file = await town.slack.upload_picture("ada", content, name, mimetype=mimetype)
    sent = await town.slack.submit(
        "ada",
        form,
        {
            ActionId.FORM_PROMPT.value: prompt or "the hills come alive",
            ActionId.FORM_PICTURE.value: file,
            ActionId.FORM_RIGHTS.value: ["yes"],
        },
    )
    return sent if sent.errors else await town.slack.submit("ada", await town.form())


def _prompt_blocks(form: View) -> list[str]:
    return [name for name in form.values if name.startswith("prompt_")]


def _prompt(form: View | None) -> str:
    assert form is not None
    field = form.values[_prompt_blocks(form)[0]][ActionId.FORM_PROMPT.value]
    return str(field["value"] or "")


def _encoded(picture: Image.Image, kind: str, **more: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **more)
    return file.getvalue()


def _png(picture: Image.Image) -> bytes:
    return _encoded(picture, "PNG")


def _heic(picture: Image.Image) -> bytes:
    return _encoded(picture, "HEIF")


def _halves() -> Image.Image:
    """Red above, blue below."""
    picture = Image.new("RGB", (1280, 720), "red")
    ImageDraw.Draw(picture).rectangle((0, 360, 1280, 720), fill="blue")
    return picture


def _rotated_jpeg() -> bytes:
    """Lying on its side, with a note how to stand it up and where it was taken."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "A telling camera"
    exif.get_ifd(0x8825)[1] = "N"
    return _encoded(_halves().rotate(90, expand=True), "JPEG", exif=exif)


def _noise_png(megabytes: float) -> bytes:
    side = int((megabytes * 1024 * 1024 / 3) ** 0.5) + 1
    noise = np.random.default_rng(3).integers(0, 255, (side, side, 3), dtype=np.uint8)
    return _encoded(Image.fromarray(noise), "PNG", compress_level=0)


def _bomb_png() -> bytes:
    """A head that promises 50,000 x 50,000 pixels, in a few bytes."""
    head = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    rows = zlib.compress(b"\0" * 999)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def _shown(content: bytes | None) -> Image.Image:
    assert content is not None
    picture = Image.open(io.BytesIO(content))
    assert picture.format == "JPEG"
    return picture


def _hue(picture: Image.Image, x: int, y: int) -> str:
    level = picture.convert("RGB").getpixel((x, y))
    assert isinstance(level, tuple)
    return ("red", "green", "blue")[max(range(3), key=lambda band: level[band])]
