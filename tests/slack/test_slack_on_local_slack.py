"""The listeners on the strict local Slack: limits, triggers, hashes and response URLs as Slack keeps them."""

import asyncio

import pytest
from fake_admins import MemoryAdmins
from fake_doubts import FakeDoubts
from fake_events import FakeEvents
from fake_frames import FakeFrames
from fake_questions import FakeHappened, FakeQuestions
from slack_double import MemoryDrafts
from slack_values import LONG, NASTY

from bot.clock import SystemClock
from bot.demo.slack import LocalSlack
from bot.slack.admin_desk import AdminDesk
from bot.slack.app import Behind, build_app
from bot.slack.client import opened_slack
from bot.slack.errands import Errands
from bot.slack.ids import ActionId, CallbackId
from bot.slack.manifest import manifest
from bot.slack.replies import Replies
from bot.slack.sockets import opened_sockets


async def nobody_refuses(*_told):
    return {}


@pytest.fixture
async def slack(jobs):
    """A workspace with the bot connected to it."""
    clock = SystemClock()
    async with (
        LocalSlack.running(manifest=manifest()) as local,
        opened_slack(token=local.bot_token, base_url=local.api_url) as door,
        Errands(grace_s=1) as errands,
    ):
        replies = Replies(client=door.interactive, http=door.http, clock=clock, can_join=True)

        async def card_seen(job_id, *, slack_channel_id, ts):
            pass

        behind = Behind(
            client=door.interactive,
            http=door.http,
            jobs=jobs,
            doubts=FakeDoubts(),
            questions=FakeQuestions(),
            happened=FakeHappened(),
            drafts=MemoryDrafts(),
            events=FakeEvents(),
            replies=replies,
            errands=errands,
            clock=clock,
            card_seen=card_seen,
            frames=FakeFrames(),
            admins=AdminDesk(book=MemoryAdmins(), clock=clock, by_configuration=()),
            accounts=no_accounts,
            greets=nobody_refuses,
            refused_places=nobody_refuses,
        )
        app = build_app(behind)
        async with opened_sockets(app, app_token=local.app_token, clock=clock) as sockets:
            await until(lambda: sockets.connected)
            yield local


@pytest.fixture
def person(slack):
    return next(each for each in slack.workspace.users.values() if not each.is_bot)


@pytest.fixture
def channel(slack, person):
    return next(
        each for each in slack.workspace.channels.values() if each.kind.value == "public" and person.id in each.members
    )


async def no_accounts():
    return ()


async def until(holds):
    for _ in range(1000):
        if holds():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("never")


async def form(slack, person):
    await until(lambda: (top := slack.top_view(person)) is not None and top.told.get("submit"))
    return slack.top_view(person)


async def test_a_prompt_is_answered_in_the_ack(slack, person, channel, jobs):
    answered = await slack.command(person, channel, "/sora", "a corgi & payload surfing --8s")
    assert answered.acked
    assert "on its way" in answered.said.text
    assert jobs.asked[0][0].prompt == "a corgi & payload surfing"


@pytest.mark.parametrize("text", ["help", "status", "quota", "jobs", "show", "cancel", "a corgi --lenght 8"])
async def test_every_answer_is_a_message_slack_takes(slack, person, channel, text):
    await slack.command(person, channel, "/sora", "a corgi surfing")
    answered = await slack.command(person, channel, "/sora", text)
    assert answered.acked
    assert answered.said.blocks


async def test_the_form_opens_redraws_and_starts(slack, person, channel, jobs):
    await slack.command(person, channel, "/sora", "")
    view = await form(slack, person)
    await slack.select(person, view, ActionId.FORM_MODEL.value, "kling-pro")
    await until(lambda: [each["value"] for each in _options(slack.top_view(person), "length_")] == ["5", "10"])
    assert slack.top_view(person).told["submit"]["text"] == "Make it · $0.50"
    sent = await slack.submit(person, slack.top_view(person), {ActionId.FORM_PROMPT.value: "a corgi surfing"})
    assert sent.errors == {}
    assert sent.closed
    wish = jobs.asked[0][0]
    assert (wish.prompt, wish.model, wish.place.slack_channel_id) == ("a corgi surfing", "kling-pro", channel.id)


async def test_a_very_long_and_nasty_prompt_survives_the_form(slack, person, channel, jobs):
    prompt = f"{NASTY} {LONG} --lenght 8"
    answered = await slack.command(person, channel, "/sora", prompt)
    await slack.click(person, answered.said, ActionId.OPEN_FORM.value)
    view = await form(slack, person)
    assert (await slack.submit(person, view)).closed
    assert jobs.asked[0][0].prompt == prompt


async def test_a_click_says_something_and_the_confirmation_is_replaced(slack, person, channel, jobs):
    answered = await slack.command(person, channel, "/sora", "a corgi surfing --12s")
    await slack.click(person, answered.said, ActionId.CONFIRM_PRICE.value)
    await until(lambda: any("on its way" in each.text for each in slack.messages(person, channel)))
    assert len(jobs.records) == 1


async def test_the_message_shortcut_answers_in_the_thread(slack, person, channel, jobs):
    said = await slack.say(person, channel, "a corgi on a board")
    await slack.message_shortcut(person, channel, said.ts, CallbackId.FROM_MESSAGE.value)
    view = await form(slack, person)
    assert (await slack.submit(person, view)).closed
    wish = jobs.asked[0][0]
    assert (wish.prompt, wish.place.thread_ts) == ("a corgi on a board", said.ts)


async def test_the_global_shortcut_opens_the_form(slack, person):
    await slack.global_shortcut(person, CallbackId.MAKE.value)
    assert (await form(slack, person)).told["callback_id"] == CallbackId.FORM.value


def _options(view, name):
    return next(each for each in view.blocks if each.get("block_id", "").startswith(name))["element"]["options"]
