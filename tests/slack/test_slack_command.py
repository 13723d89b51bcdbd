"""`/sora` from the text to the answer, over a real HTTP Slack double."""

import asyncio

import pytest
from slack_double import running_desk
from slack_values import NASTY, offer, standing

from bot.jobs.answers import OverBudget, QueueFull
from bot.slack.ids import ActionId
from bot.slack.rate import COMMANDS_MAX


def actions(message):
    return [
        (each["action_id"], each["value"])
        for block in message.get("blocks", [])
        if block["type"] == "actions"
        for each in block["elements"]
    ]


async def test_a_prompt_is_started_and_answered_in_the_ack(desk, jobs):
    status, said = await desk.command("a corgi surfing at sunset --8s --wide")
    assert status == 200
    assert said["response_type"] == "ephemeral"
    assert "on its way" in said["text"]
    wish, order_key, shown, again = jobs.asked[0]
    assert (wish.prompt, wish.length_s, wish.place.slack_channel_id) == ("a corgi surfing at sunset", 8, "C1")
    assert (order_key, shown, again) == ("ta corgi surfing at sunset --8s --wide", None, False)


@pytest.mark.parametrize("text", ["rocket payload separation {payload}", NASTY, "כלב גולש על גלים", "🏄 🐕 🌅"])
async def test_any_text_arrives_as_typed(desk, jobs, text):
    await desk.command(text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))
    assert jobs.asked[0][0].prompt == text


@pytest.mark.parametrize("text", ["help", "status", "quota", "jobs"])
async def test_a_subcommand_is_answered_and_starts_nothing(desk, jobs, text):
    status, said = await desk.command(text)
    assert (status, said["response_type"]) == (200, "ephemeral")
    assert jobs.asked == []
    assert desk.slack.told("views.open") == []


async def test_show_and_cancel_alone_mean_the_latest(desk, jobs):
    await desk.command("a first one")
    await desk.command("a second one")
    assert "#2" in (await desk.command("show"))[1]["text"]
    assert "#1" in (await desk.command("show 1"))[1]["text"]
    assert "#2 is cancelled" in (await desk.command("cancel"))[1]["text"]
    assert "I do not know this video" in (await desk.command("show 99"))[1]["text"]


async def test_somebody_elses_number_is_unknown(desk):
    await desk.command("a first one")
    assert "I do not know this video" in (await desk.command("cancel 1", user_id="U2"))[1]["text"]


@pytest.mark.parametrize("text", ["", "corgi", "staus"])
async def test_short_texts_open_the_form_with_them(desk, jobs, text):
    assert await desk.command(text) == (200, {})
    assert desk.slack.told("views.open")[0]["trigger_id"] == f"t{text}"
    prompt = desk.form()["blocks"][0]["element"]
    assert prompt.get("initial_value", "") == text
    assert jobs.asked == []


async def test_an_expired_trigger_leaves_a_button_with_everything_kept(desk):
    desk.slack.refusals["views.open"] = "expired_trigger_id"
    await desk.command("corgi")
    [(action, draft_id)] = actions(desk.slack.responses[0])
    assert action == ActionId.OPEN_FORM
    del desk.slack.refusals["views.open"]
    await desk.click(action, draft_id)
    assert desk.form()["blocks"][0]["element"]["initial_value"] == "corgi"


async def test_a_dear_video_asks_first_and_the_click_starts_it_once(desk, jobs):
    _, said = await desk.command("a corgi surfing --12s")
    (confirm, draft_id), (open_form, _) = actions(said)
    assert (confirm, open_form) == (ActionId.CONFIRM_PRICE, ActionId.OPEN_FORM)
    await desk.click(confirm, draft_id)
    await desk.click(confirm, draft_id, trigger="t9")
    assert len(jobs.records) == 1
    assert "on its way" in desk.slack.responses[0]["text"]
    assert desk.slack.responses[0]["replace_original"] is True
    assert "already started" in desk.slack.responses[1]["text"]


async def test_the_same_again_is_asked_about(desk, jobs):
    await desk.command("a corgi surfing")
    _, said = await desk.command("a corgi surfing", trigger_id="other")
    assert "a moment ago" in said["text"]
    action, draft_id = actions(said)[0]
    assert action == ActionId.CONFIRM_AGAIN
    await desk.click(action, draft_id)
    assert len(jobs.records) == 2


async def test_the_same_envelope_twice_is_one_video(desk, jobs):
    await desk.command("a corgi surfing")
    _, said = await desk.command("a corgi surfing")
    assert len(jobs.records) == 1
    assert "already started" in said["text"]


async def test_a_length_the_model_does_not_have_says_what_is_allowed_and_keeps_everything(desk, jobs):
    _, said = await desk.command("a corgi surfing --model seedance-fast --length 10")
    assert "4 s, 8 s or 12 s" in said["text"]
    action, draft_id = actions(said)[0]
    await desk.click(action, draft_id)
    form = desk.form()
    assert "Seedance 2.0 Fast does not make 10 s" in form["blocks"][0]["text"]["text"]
    assert form["blocks"][1]["element"]["initial_value"] == "a corgi surfing"
    assert form["submit"]["text"] == "Make it · $0.40"


async def test_an_unknown_option_says_what_there_is_and_loses_no_word(desk, jobs):
    _, said = await desk.command("a corgi surfing --lenght 8 --wide")
    assert "--length" in said["text"]
    assert jobs.asked == []
    await desk.click(*actions(said)[0])
    form = desk.form()
    assert form["blocks"][0]["element"]["initial_value"] == "a corgi surfing --lenght 8"
    shape = next(each for each in form["blocks"] if each.get("block_id", "").startswith("shape_"))
    assert shape["element"]["initial_option"]["value"] == "wide"


async def test_over_budget_offers_a_cheaper_one(desk, jobs):
    cheaper = offer(usd_micros=400_000, length_s=4)
    jobs.refusal = OverBudget(offer=offer(), standing=standing(), cheaper=cheaper)
    _, said = await desk.command("a corgi surfing")
    assert "$5.00 a day" in said["text"]
    action, draft_id = actions(said)[0]
    assert action == ActionId.TAKE_CHEAPER
    jobs.refusal = None
    await desk.click(action, draft_id)
    assert jobs.asked[-1][2] == 400_000


async def test_a_full_queue_keeps_the_prompt(desk, jobs):
    jobs.refusal = QueueFull(queued_max=10)
    _, said = await desk.command("a corgi surfing")
    assert "10 videos waiting" in said["text"]
    assert actions(said)[0][0] == ActionId.OPEN_FORM


async def test_auto_and_its_classes_can_be_named(desk, jobs):
    await desk.command("a corgi surfing --model best")
    wish = jobs.asked[0][0]
    assert (wish.model, wish.model_class.value) == (None, "pro")


async def test_a_slow_database_is_acked_in_time_and_answered_later(jobs):
    jobs.held = asyncio.Event()
    async with running_desk(jobs, ack_limit_s=0.05) as desk:
        _, said = await desk.command("a corgi surfing")
        assert "Still working" in said["text"]
        jobs.held.set()
        await desk.quiet()
        assert "on its way" in desk.slack.responses[0]["text"]


async def test_a_slow_failure_is_told_later(jobs):
    jobs.held, jobs.error = asyncio.Event(), RuntimeError("secret prompt")
    async with running_desk(jobs, ack_limit_s=0.05) as desk:
        await desk.command("a corgi surfing")
        jobs.held.set()
        await desk.quiet()
        assert "Reference" in desk.slack.responses[0]["text"]
        assert "secret" not in desk.slack.responses[0]["text"]


async def test_an_unexpected_error_is_told_once_with_a_reference_found_in_the_log(desk, jobs, caplog):
    jobs.error = RuntimeError("database is locked: INSERT a corgi")
    status, _ = await desk.command("a corgi surfing")
    assert status == 200
    text = desk.slack.responses[0]["text"]
    reference = text.split("Reference ")[1].strip(".")
    assert [each.reference for each in caplog.records if hasattr(each, "reference")] == [reference]
    assert "RuntimeError at fake_jobs.py" in caplog.text
    assert reference in caplog.text
    assert "corgi" not in caplog.text


async def test_a_closed_way_back_is_answered_in_a_direct_message(desk, jobs):
    desk.slack.response_status = 404
    desk.slack.refusals["views.open"] = "expired_trigger_id"
    await desk.command("corgi")
    assert desk.slack.told("chat.postMessage")[0]["channel"] == "U1"


async def test_too_many_commands_are_slowed_down(desk, jobs):
    for number in range(COMMANDS_MAX):
        await desk.command("quota", trigger_id=f"t{number}")
    _, said = await desk.command("a corgi surfing")
    assert "a lot at once" in said["text"]
    assert jobs.asked == []
    await desk.clock.advance(61)
    assert "on its way" in (await desk.command("a corgi surfing"))[1]["text"]


async def test_an_unknown_command_is_acked_and_explained(desk):
    status, said = await desk.command("x", command="/other")
    assert status == 200
    assert "/sora" in said["text"]
