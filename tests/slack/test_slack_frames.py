"""The exact first frame is seen before anything is paid for."""

import pytest
from slack_double import PNG, running_desk
from slack_values import job, order, record

from bot.jobs.model import JobState
from bot.slack.forms import LOOK_FIRST
from bot.slack.ids import ActionId
from bot.slack.modals import NOT_SHOWN

WIDE, TALL = (1280, 720), (720, 1280)


@pytest.fixture
async def form(desk, jobs):
    jobs.size_px = WIDE
    await desk.command("")
    return desk.form()


def sent(desk, form, *, rights=True, **fields):
    file = {"id": "F9", "name": "a.png", "size": len(PNG), "url_private": f"{desk.base}/files/a.png"}
    yes = {ActionId.FORM_RIGHTS: [{"value": "yes"}]} if rights else {}
    return desk.submission(form, typed="a corgi", **{ActionId.FORM_PICTURE: [file], **yes, **fields})


def images(view):
    return [each["slack_file"]["id"] for each in view["blocks"] if each["type"] == "image"]


async def test_a_sent_picture_is_shown_first_and_made_when_the_form_is_sent_again(desk, jobs, form):
    desk.frames.notes = ("The picture is small, so the video may look soft.",)
    _, first = await desk.send(sent(desk, form))
    assert (first["response_action"], jobs.asked) == ("update", [])
    assert (images(first["view"]), first["view"]["blocks"][0]["text"]["text"]) == (["F1"], LOOK_FIRST)
    assert "look soft" in str(first["view"]["blocks"])
    assert await desk.send(desk.submission(first["view"], typed="a corgi")) == (200, {})
    assert [each[0].picture_id for each in jobs.asked] == ["picture1"]


async def test_a_slow_upload_keeps_the_form_and_shows_the_frame_when_it_is_there(jobs):
    jobs.size_px = WIDE
    async with running_desk(jobs, ack_limit_s=0.3) as desk:
        await desk.command("")
        desk.frames.held.clear()
        jobs.held.clear()  # answers come as soon as they are acked
        _, said = await desk.send(sent(desk, desk.form()))
        desk.frames.held.set()
        await desk.quiet()
        assert "Still working" in said["errors"]["prompt_0_none"]
        assert (images(desk.form()), jobs.asked) == (["F1"], [])


async def test_another_frame_is_shown_again(desk, jobs, form):
    _, first = await desk.send(sent(desk, form))
    jobs.size_px = TALL
    _, second = await desk.send(desk.submission(first["view"], typed="a corgi"))
    assert (second["response_action"], images(second["view"])) == ("update", ["F1"])
    _, third = await desk.send(desk.submission(second["view"], typed="a corgi", **{ActionId.FORM_PICTURE_FIT: "fill"}))
    assert (third["response_action"], jobs.asked) == ("update", [])
    await desk.send(desk.submission(third["view"], typed="a corgi"))
    assert len(jobs.asked) == 1


async def test_without_the_picture_there_is_nothing_to_look_at(desk, jobs, form):
    _, first = await desk.send(sent(desk, form))
    without = {ActionId.FORM_PICTURE_FIT: "none"}
    assert await desk.send(desk.submission(first["view"], typed="a corgi", **without)) == (200, {})
    assert jobs.asked[0][0].picture_id is None


async def test_a_picture_that_cannot_be_shown_is_said_and_can_be_made(desk, jobs, form):
    desk.frames.file_id, desk.frames.notes = "", ("Slack would not show it.",)
    _, first = await desk.send(sent(desk, form))
    assert (images(first["view"]), "would not show it" in str(first["view"])) == ([], True)
    await desk.send(desk.submission(first["view"], typed="a corgi"))
    assert len(jobs.asked) == 1


async def test_a_picture_that_came_with_the_form_is_shown_when_it_opens(desk, jobs):
    jobs.size_px = WIDE
    made = job(state=JobState.FAILED, order=order(picture_id="p1"))
    jobs.records[made.id] = record(made)
    await desk.click(ActionId.EDIT, "job1")
    assert images(desk.form()) == ["F1"]
    assert await desk.send(desk.submission(desk.form(), typed="something else")) == (200, {})
    assert len(jobs.asked) == 1


@pytest.mark.parametrize("rights", [True, False])
async def test_a_redraw_shows_it_as_soon_as_its_rights_are_confirmed(desk, jobs, form, rights):
    more = {"actions": [{"action_id": ActionId.FORM_MORE.value, "value": "more"}], "type": "block_actions"}
    await desk.send({**sent(desk, form, rights=rights), **more})
    assert (images(desk.form()), list(jobs.pictures)) == ((["F1"], ["picture1"]) if rights else ([], []))


async def test_a_form_whose_picture_slack_refuses_is_drawn_without_it_and_says_so(desk, jobs):
    jobs.size_px = WIDE
    made = job(state=JobState.FAILED, order=order(picture_id="p1"))
    jobs.records[made.id] = record(made)
    desk.slack.refusals["views.update"] = "invalid_blocks"
    await desk.click(ActionId.EDIT, "job1")
    refused, drawn, *_ = [each["view"] for each in desk.slack.told("views.update")]
    assert (images(refused), images(drawn), NOT_SHOWN in str(drawn)) == (["F1"], [], True)
