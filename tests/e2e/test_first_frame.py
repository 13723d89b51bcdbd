"""What stands in the form before money moves is, byte for byte, what the service gets."""

import io
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw
from town import Town, a_town

from bot.demo.slack import Refuse, Submitted, View
from bot.slack.ids import ActionId, CallbackId


def a_picture(size: tuple[int, int]) -> bytes:
    picture = Image.new("RGB", size, "red")
    ImageDraw.Draw(picture).rectangle((0, size[1] // 2, *size), fill="blue")
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


async def sent(town: Town, size: tuple[int, int] = (200, 200), **more: Any) -> Submitted:
    await town.sora("")
    file = await town.slack.upload_picture("ada", a_picture(size), "a.png")
    fields = {
        ActionId.FORM_PROMPT.value: "the hills come alive",
        ActionId.FORM_PICTURE.value: file,
        ActionId.FORM_RIGHTS.value: ["yes"],
    }
    return await town.slack.submit("ada", await town.form(), {**fields, **more})


def frame(town: Town, view: View | None) -> bytes:
    assert view is not None
    (image,) = [each for each in view.blocks if each["type"] == "image"]
    return Path(town.slack.workspace.files[image["slack_file"]["id"]].path).read_bytes()


async def test_the_frame_that_was_shown_is_the_frame_that_is_sent(tmp_path: Path) -> None:
    async with a_town(tmp_path) as town:
        first = await sent(town)
        assert (first.errors, first.closed, town.videos.accepted, town.cards()) == ({}, False, [], [])
        form = await town.form()
        assert "small (200 × 200 pixels), so the video may look soft" in str(form.blocks)
        shown = frame(town, form)
        assert Image.open(io.BytesIO(shown)).size == (1280, 720)
        filled = await town.slack.submit("ada", form, {_field(form, ActionId.FORM_PICTURE_FIT): "fill"})
        assert not filled.closed
        cut = frame(town, await town.form())
        assert cut != shown
        assert "cut off to fill the frame" in str((await town.form()).blocks)
        assert (await town.slack.submit("ada", await town.form())).closed
        await town.until(lambda: len(town.films()) == 1)
        assert [each.asked.picture for each in town.videos.accepted] == [cut]


async def test_where_the_upload_fails_the_form_says_so_and_goes_on(tmp_path: Path) -> None:
    async with a_town(tmp_path) as town:
        town.slack.faults.add("files.getUploadURLExternal", Refuse("storage_limit_reached"), times=1)
        assert not (await sent(town)).closed
        form = await town.form()
        assert "Slack would not show the first frame here" in str(form.blocks)
        assert (await town.slack.submit("ada", form)).closed
        await town.until(lambda: len(town.videos.accepted) == 1)


async def test_a_picture_of_a_message_is_shown_as_soon_as_the_form_is_there(tmp_path: Path) -> None:
    async with a_town(tmp_path) as town:
        file = await town.slack.upload_picture("ada", a_picture((1600, 900)), "holiday.png")
        said = await town.slack.say("ada", "videos", "our house by the sea", files=[file])
        await town.slack.message_shortcut("ada", "videos", said.ts, CallbackId.FROM_MESSAGE.value)
        form = await town.form()
        shown = frame(town, form)
        unasked = await town.slack.submit("ada", form)  # it may be somebody else's
        assert (unasked.errors, town.videos.accepted) == (
            {"rights": "Please confirm that you may use this picture."},
            [],
        )
        assert (await town.slack.submit("ada", form, {ActionId.FORM_RIGHTS.value: ["yes"]})).closed
        await town.until(lambda: len(town.videos.accepted) == 1)
        assert town.videos.accepted[0].asked.picture == shown


async def test_a_picture_is_shown_once_a_select_redraws_the_form(tmp_path: Path) -> None:
    async with a_town(tmp_path) as town:
        await town.sora("")
        form = await town.form()
        file = await town.slack.upload_picture("ada", a_picture((720, 1280)), "a.png")
        await town.slack.select("ada", form, ActionId.FORM_PICTURE.value, file)
        await town.slack.select("ada", form, ActionId.FORM_RIGHTS.value, ["yes"])
        await town.slack.select("ada", form, ActionId.FORM_SHAPE.value, "vertical")
        await town.until(lambda: "image" in str([each["type"] for each in town.slack.top_view("ada").blocks]))
        assert Image.open(io.BytesIO(frame(town, town.slack.top_view("ada")))).size == (720, 1280)
        made = await town.slack.submit("ada", await town.form(), {ActionId.FORM_PROMPT.value: "the hills come alive"})
        assert made.closed
        await town.until(lambda: len(town.videos.accepted) == 1)


def _field(form: View, action: ActionId) -> str:
    return next(each["block_id"] for each in form.blocks if each.get("element", {}).get("action_id") == action.value)
