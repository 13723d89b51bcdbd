"""The form: drawn, redrawn, sent, and never losing a word."""

import asyncio

import pytest
from slack_double import PNG, form_body, running_desk
from slack_values import LONG, offer, standing, wish

from bot.jobs.answers import OverBudget, QueueFull
from bot.slack.drafts import Draft
from bot.slack.ids import ActionId
from bot.slack.payloads import form_of

FILE = {"id": "F1", "mimetype": "image/png", "size": 108, "url_private": "x"}


def block(form, name):
    return next(each for each in form["blocks"] if each.get("block_id", "").startswith(name))


def choices(form, name):
    return [each["value"] for each in block(form, name)["element"]["options"]]


async def opened(desk, text=""):
    await desk.command(text)
    return desk.form()


def changed(form, action, **fields):
    body = form_body("block_actions", form, **fields)
    return {**body, "actions": [{"type": "static_select", "action_id": action.value, "block_id": "b"}]}


async def test_a_form_that_is_sent_starts_a_video_once(desk, jobs):
    body = desk.submission(await opened(desk), typed="a corgi surfing")
    assert await desk.send(body) == (200, {})
    assert await desk.send(body) == (200, {})
    assert len(jobs.records) == 1
    wish, order_key, shown, _ = jobs.asked[0]
    assert (wish.prompt, wish.place.slack_channel_id, wish.model) == ("a corgi surfing", "C1", None)
    assert (order_key, shown) == ("form:d1", 500_000)


async def test_a_select_redraws_the_form_with_what_the_model_has_and_the_price(desk):
    form = await opened(desk, "corgi")
    await desk.send(changed(form, ActionId.FORM_MODEL, typed="a corgi, typed on", **{ActionId.FORM_MODEL: "kling-pro"}))
    redrawn = desk.form()
    assert desk.slack.told("views.update")[-1]["hash"] == "h2"
    assert choices(redrawn, "length_") == ["5", "10"]
    assert block(redrawn, "length_")["block_id"] != block(form, "length_")["block_id"]
    assert block(redrawn, "prompt_0")["block_id"] == block(form, "prompt_0")["block_id"]
    assert block(redrawn, "price")["block_id"] == "price"
    assert redrawn["submit"]["text"] == "Make it · $0.50"
    await desk.send(changed(redrawn, ActionId.FORM_LENGTH, **{ActionId.FORM_LENGTH: "10"}))
    assert desk.form()["submit"]["text"] == "Make it · $1.00"


async def test_a_length_the_new_model_lacks_is_given_up_and_said(desk):
    form = await opened(desk, "corgi")
    choose = {ActionId.FORM_MODEL: "kling-pro", ActionId.FORM_LENGTH: "8"}
    await desk.send(changed(form, ActionId.FORM_MODEL, **choose))
    assert "Kling 3 Pro does not make 8 s" in desk.form()["blocks"][0]["text"]["text"]


async def test_a_newer_drawing_wins(desk):
    form = await opened(desk, "corgi")
    desk.slack.refusals["views.update"] = "hash_conflict"
    assert (await desk.send(changed(form, ActionId.FORM_LENGTH)))[0] == 200
    assert desk.slack.responses == []


async def test_more_options_appear_on_a_click_and_stay(desk, jobs):
    form = await opened(desk, "corgi")
    assert not [each for each in form["blocks"] if each.get("block_id") == "seed"]
    await desk.send(changed(form, ActionId.FORM_MORE))
    more = desk.form()
    assert block(more, "seed")
    assert choices(more, "audio_") == ["any", "on", "off"]
    await desk.send(changed(more, ActionId.FORM_LENGTH))
    body = desk.submission(desk.form(), typed="a corgi", **{ActionId.FORM_SEED: "42", ActionId.FORM_AUDIO: "off"})
    await desk.send(body)
    assert (jobs.asked[0][0].seed, jobs.asked[0][0].audio) == (42, False)


async def test_a_wrong_seed_is_said_at_its_field(desk, jobs):
    await desk.send(changed(await opened(desk, "corgi"), ActionId.FORM_MORE))
    _, said = await desk.send(desk.submission(desk.form(), **{ActionId.FORM_SEED: "lucky"}))
    assert said["response_action"] == "errors"
    assert "whole number" in said["errors"]["seed"]
    assert jobs.asked == []


async def test_hidden_options_of_a_command_are_kept(desk, jobs):
    form = await opened(desk, "corgi --seed 7 --audio on --resolution 1080p")
    await desk.send(desk.submission(form))
    wish = jobs.asked[0][0]
    assert (wish.prompt, wish.seed, wish.audio, wish.resolution) == ("corgi", 7, True, "1080p")


async def test_an_empty_prompt_is_said_at_the_prompt(desk):
    _, said = await desk.send(desk.submission(await opened(desk), typed="   "))
    assert "no prompt yet" in said["errors"]["prompt_0_none"]


async def test_3001_characters_open_the_form_and_come_back_whole(desk, jobs):
    prompt = ("word " * 700).strip() + " and an end"
    assert len(prompt) > 3001
    _, said = await desk.command(f"{prompt} --lenght 8")
    await desk.click(ActionId.OPEN_FORM, said["blocks"][-1]["elements"][0]["value"])
    form = desk.form()
    assert [each["block_id"] for each in form["blocks"][:2]] == ["prompt_0_none", "prompt_1_space"]
    await desk.send(desk.submission(form))
    assert jobs.asked[0][0].prompt == f"{prompt} --lenght 8"


async def test_a_price_that_rose_is_shown_again_before_anything_starts(desk, jobs):
    form = await opened(desk, "corgi")
    stale = {ActionId.FORM_LENGTH: "12"}
    _, said = await desk.send(desk.submission(form, **stale))
    assert said["response_action"] == "update"
    assert "The price is $1.20 now" in said["view"]["blocks"][0]["text"]["text"]
    assert said["view"]["submit"]["text"] == "Make it · $1.20"
    assert jobs.records == {}
    assert await desk.send(desk.submission(said["view"])) == (200, {})
    assert len(jobs.records) == 1


async def test_the_same_again_is_asked_in_the_form(desk, jobs):
    await desk.command("a corgi surfing")
    _, said = await desk.send(desk.submission(await opened(desk), typed="a corgi surfing"))
    assert "a moment ago" in said["view"]["blocks"][0]["text"]["text"]
    assert await desk.send(desk.submission(said["view"])) == (200, {})
    assert len(jobs.records) == 2


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        (OverBudget(offer=offer(), standing=standing(), cheaper=offer(usd_micros=400_000)), "$5.00 a day"),
        (QueueFull(queued_max=10), "10 videos waiting"),
    ],
)
async def test_a_limit_is_told_in_the_form_and_everything_stays(desk, jobs, refusal, words):
    jobs.refusal = refusal
    form = await opened(desk, "corgi")
    _, said = await desk.send(desk.submission(form))
    assert words in said["view"]["blocks"][0]["text"]["text"]
    assert "initial_value" in said["view"]["blocks"][1]["element"]


async def test_another_place_loses_the_thread_and_the_same_keeps_it(desk, jobs):
    message = {"ts": "5.5", "thread_ts": "5.0", "text": "a corgi on a board"}
    body = {
        "type": "message_action",
        "callback_id": "sora_from_message",
        "team": {"id": "T1"},
        "user": {"id": "U1"},
        "channel": {"id": "C1"},
        "message": message,
        "trigger_id": "t1",
        "response_url": f"{desk.base}/respond",
    }
    await desk.send(body)
    form = desk.form()
    assert block(form, "prompt_0")["element"]["initial_value"] == "a corgi on a board"
    await desk.send(desk.submission(form))
    await desk.send(desk.submission(form, **{ActionId.FORM_PLACE: "C2"}))
    places = [(each[0].place.slack_channel_id, each[0].place.thread_ts) for each in jobs.asked]
    assert places == [("C1", "5.0"), ("C2", None)]


async def test_a_picture_is_fetched_checked_and_kept(desk, jobs):
    form = await opened(desk, "corgi")
    file = {**FILE, "url_private": f"{desk.base}/files/a.png"}
    fields = {ActionId.FORM_PICTURE: [file], ActionId.FORM_RIGHTS: [{"value": "yes"}]}
    assert await desk.send(desk.submission(form, **fields)) == (200, {})
    assert jobs.asked[0][0].picture_id == "picture1"
    assert jobs.pictures["picture1"] == PNG
    assert desk.slack.told("GET file") == [{"authorization": "Bearer xoxb-1"}]


async def test_a_picture_needs_a_yes_to_its_rights(desk, jobs):
    form = await opened(desk, "corgi")
    _, said = await desk.send(desk.submission(form, **{ActionId.FORM_PICTURE: [FILE]}))
    assert "may use" in said["errors"]["rights"]
    assert jobs.asked == []


@pytest.mark.parametrize(
    ("file", "answer", "words"),
    [
        ({}, (200, "text/html", b"<html>sign in</html>"), "did not let me read"),
        ({}, (200, "image/png", b"just text"), "not a picture"),
        ({}, (302, "text/plain", b""), "did not let me read"),
        ({}, (200, "image/png", b"\x89PNG" + b"x" * 11_000_000), "10 MB"),
        ({"size": 10_600_000}, None, "10 MB"),
        ({"url_private": "https://evil.example/a.png"}, None, "could not read"),
        ({"url_private": "http://files.slack.com/a.png"}, None, "could not read"),
        ({"mode": "tombstone"}, None, "not kept in Slack"),
        ({"is_external": True}, None, "not kept in Slack"),
    ],
)
async def test_a_bad_picture_is_said_at_its_field_and_nothing_else_is_lost(desk, jobs, file, answer, words):
    form = await opened(desk, "corgi")
    if answer is not None:
        desk.slack.file_answer = answer
    sent = {**FILE, "url_private": f"{desk.base}/files/a.png", **file}
    fields = {ActionId.FORM_PICTURE: [sent], ActionId.FORM_RIGHTS: [{"value": "yes"}]}
    _, said = await desk.send(desk.submission(form, **fields))
    assert words in said["errors"]["picture"]
    assert jobs.asked == []


async def test_the_token_goes_to_slacks_own_files_only(desk):
    form = await opened(desk, "corgi")
    sent = {**FILE, "url_private": "https://files.slack.com.evil.example/a.png"}
    await desk.send(desk.submission(form, **{ActionId.FORM_PICTURE: [sent], ActionId.FORM_RIGHTS: [{"value": "yes"}]}))
    assert desk.slack.told("GET file") == []


async def test_a_slow_submission_keeps_the_form_open_and_ends_in_a_word(jobs):
    async with running_desk(jobs, ack_limit_s=0.05) as desk:
        form = await opened(desk, "corgi")
        jobs.held = asyncio.Event()
        _, said = await desk.send(desk.submission(form))
        assert "Still working" in said["errors"]["prompt_0_none"]
        jobs.held.set()
        await desk.quiet()
        assert "on its way" in desk.form()["blocks"][0]["text"]["text"]


async def test_a_failing_submission_keeps_the_form_with_a_reference(desk, jobs):
    jobs.error = RuntimeError("boom")
    _, said = await desk.send(desk.submission(await opened(desk, "corgi")))
    assert "Reference" in said["errors"]["prompt_0_none"]


async def test_a_form_older_than_its_draft_still_works(desk, jobs):
    form = await opened(desk)
    desk.drafts.kept.clear()
    await desk.send(desk.submission(form, typed="a corgi surfing"))
    assert jobs.asked[0][0].prompt == "a corgi surfing"


async def test_a_form_of_another_time_is_explained(desk):
    form = {**await opened(desk), "private_metadata": "old"}
    _, said = await desk.send(desk.submission(form))
    assert said["response_action"] == "update"
    assert "another time" in said["view"]["blocks"][0]["text"]["text"]


async def test_without_files_read_there_is_no_picture_field(jobs):
    async with running_desk(jobs, takes_pictures=False) as desk:
        form = await opened(desk, "corgi")
        assert not [each for each in form["blocks"] if each.get("block_id") == "picture"]


async def test_a_very_long_message_comes_back_whole(desk):
    prompt = LONG * 4
    await desk.drafts.put(Draft(wish=wish(prompt=prompt)))
    await desk.click(ActionId.OPEN_FORM, "d1")
    form = form_of(desk.submission(desk.form()))
    assert form is not None
    assert form.wish.prompt == prompt
