"""A stock Bolt app, by Socket Mode and by HTTP, lives through a whole job on the local Slack."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.demo.slack import Answered, LocalSlack, NotOffered, User, View

Json = dict[str, Any]
Road = Callable[[LocalSlack, AsyncApp], AbstractAsyncContextManager[None]]


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def form(**more: Any) -> Json:
    lengths = [{"text": plain(f"{each} s"), "value": str(each)} for each in (4, 8)]
    return {
        "type": "modal",
        "callback_id": "form",
        "title": plain("Make a video"),
        "submit": plain("Make it"),
        "notify_on_close": True,
        "blocks": [
            {
                "type": "input",
                "block_id": "prompt",
                "label": plain("Prompt"),
                "element": {"type": "plain_text_input", "action_id": "prompt", "max_length": 50},
            },
            {
                "type": "input",
                "block_id": "length",
                "label": plain("Length"),
                "dispatch_action": True,
                "element": {
                    "type": "static_select",
                    "action_id": "length",
                    "options": lengths,
                    "initial_option": lengths[0],
                },
            },
            {
                "type": "input",
                "block_id": "place",
                "label": plain("Where"),
                "element": {
                    "type": "conversations_select",
                    "action_id": "place",
                    "default_to_current_conversation": True,
                    "response_url_enabled": True,
                },
            },
            {
                "type": "input",
                "block_id": "picture",
                "optional": True,
                "label": plain("Picture"),
                "element": {"type": "file_input", "action_id": "picture", "max_files": 1},
            },
        ],
        **more,
    }


def card(words: str, owner: str) -> list[Json]:
    cancel = {"type": "button", "text": plain("Cancel"), "action_id": "cancel", "value": "job1"}
    return [
        {"type": "section", "text": {"type": "mrkdwn", "text": words}},
        {"type": "actions", "elements": [cancel | {"visible_to_user_ids": [owner]}]},
    ]


def stranger(slack: LocalSlack) -> tuple[AsyncApp, list[Json]]:
    """A small video bot of somebody else's; what its listeners were told is kept."""
    client = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url)
    app = AsyncApp(client=client, signing_secret=slack.signing_secret)
    told: list[Json] = []

    @app.command("/sora")
    async def command(ack: Any, body: Json, client: AsyncWebClient) -> None:
        told.append(body)
        if body["text"] == "help":
            await ack("Type /sora and what you want to see.")
            return
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=form())

    @app.action("length")
    async def length(ack: Any, body: Json, client: AsyncWebClient) -> None:
        told.append(body)
        await ack()
        view = body["view"]
        await client.views_update(view_id=view["id"], hash=view["hash"], view=form(submit=plain("Make it for $1")))

    @app.view("form")
    async def submit(ack: Any, body: Json, view: Json, client: AsyncWebClient) -> None:
        told.append(body)
        values = view["state"]["values"]
        prompt, place = values["prompt"]["prompt"]["value"], values["place"]["place"]["selected_conversation"]
        if prompt == "bad":
            await ack(response_action="errors", errors={"prompt": "Say more."})
            return
        await ack()
        owner = body["user"]["id"]
        posted = await client.chat_postMessage(channel=place, text="Queued", blocks=card("Queued", owner))
        where = {"channel": posted["channel"], "ts": posted["ts"]}
        await client.chat_update(**where, text="Done", blocks=card("Done", owner))
        await client.files_upload_v2(
            channel=posted["channel"], thread_ts=posted["ts"], content=b"mp4" * 50_000, filename="corgi.mp4",
            initial_comment="Here it is",
        )  # fmt: skip

    @app.view_closed("form")
    async def closed(ack: Any, body: Json) -> None:
        told.append(body)
        await ack()

    @app.action("cancel")
    async def cancel(ack: Any, body: Json, respond: Any) -> None:
        told.append(body)
        await ack()
        await respond("Cancelled.", response_type="ephemeral", replace_original=False)

    @app.shortcut("sora_from_message")
    @app.shortcut("sora_create")
    async def shortcut(ack: Any, body: Json, client: AsyncWebClient) -> None:
        told.append(body)
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=form())

    @app.event("message")
    @app.event("app_mention")
    async def event(body: Json) -> None:
        told.append(body)

    return app, told


@asynccontextmanager
async def by_socket(slack: LocalSlack, app: AsyncApp) -> AsyncIterator[None]:
    handler = AsyncSocketModeHandler(app, slack.app_token)
    await handler.connect_async()
    await slack.sockets.connected()
    try:
        yield
    finally:
        await handler.close_async()


@asynccontextmanager
async def by_http(slack: LocalSlack, app: AsyncApp) -> AsyncIterator[None]:
    async def entrance(request: web.Request) -> web.StreamResponse:
        return await to_aiohttp_response(await app.async_dispatch(await to_bolt_request(request)))

    server = web.Application()
    server.router.add_post("/slack/events", entrance)
    runner = web.AppRunner(server, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    slack.events_url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    try:
        yield
    finally:
        await runner.cleanup()


@pytest.fixture
async def slack() -> AsyncIterator[LocalSlack]:
    async with LocalSlack.running() as running:
        running.dials.share_lag_s = 0.02
        yield running


@pytest.fixture(params=[by_socket, by_http])
async def told(request: pytest.FixtureRequest, slack: LocalSlack) -> AsyncIterator[list[Json]]:
    app, told = stranger(slack)
    async with request.param(slack, app):
        yield told


async def opened(slack: LocalSlack, user: User | str = "ada") -> View:
    await slack.until(lambda: slack.top_view(user))
    view = slack.top_view(user)
    assert view is not None
    return view


async def test_from_the_command_to_the_file_in_the_thread(slack: LocalSlack, told: list[Json]) -> None:
    answered = await slack.command("ada", "videos", "/sora", "a corgi <surfing> & more")
    assert answered.acked
    assert answered.latency_s < 3
    assert told[0]["text"] == "a corgi &lt;surfing&gt; &amp; more"
    view = await opened(slack)
    sent = await slack.submit("ada", view, {"prompt": "a corgi"})
    assert sent.closed
    assert slack.top_view("ada") is None
    await slack.until(lambda: any(each.shares for each in slack.workspace.files.values()))
    status, film = slack.messages("ada", "videos")
    assert status.text == "Done"
    assert status.edits == 1
    assert film.thread_ts == status.ts
    assert film.text == "Here it is"
    file = slack.workspace.files[film.file_ids[0]]
    assert file.path.read_bytes() == b"mp4" * 50_000
    assert file.shares == {"C0VIDEOS01": [film.ts]}
    assert [len(slack.calls.processed(each)) for each in ("chat.postMessage", "chat.update", "upload")] == [1, 1, 1]


async def test_an_answer_in_the_ack_is_seen_by_one_person(slack: LocalSlack, told: list[Json]) -> None:
    answered = await slack.command("ada", "videos", "/sora", "help")
    assert answered.said is not None
    assert answered.said in slack.messages("ada", "videos")
    assert answered.said not in slack.messages("ben", "videos")


async def test_errors_stand_at_their_field_and_the_client_checks_first(slack: LocalSlack, told: list[Json]) -> None:
    await slack.command("ada", "videos", "/sora")
    view = await opened(slack)
    assert set((await slack.submit("ada", view)).errors) == {"prompt"}
    assert set((await slack.submit("ada", view, {"prompt": "x" * 51})).errors) == {"prompt"}
    assert len(told) == 1
    assert (await slack.submit("ada", view, {"prompt": "bad"})).errors == {"prompt": "Say more."}
    assert slack.top_view("ada") is view


async def test_a_redraw_keeps_what_was_typed(slack: LocalSlack, told: list[Json]) -> None:
    await slack.command("ada", "videos", "/sora")
    view = await opened(slack)
    await slack.select("ada", view, "prompt", "a corgi")
    before = view.hash
    await slack.select("ada", view, "length", "8")
    await slack.until(lambda: view.hash != before)
    assert view.told["submit"]["text"] == "Make it for $1"
    assert view.values["prompt"]["prompt"]["value"] == "a corgi"
    assert view.values["length"]["length"]["selected_option"]["value"] == "8"
    with pytest.raises(NotOffered):
        await slack.select("ada", view, "length", "12")


async def test_a_picture_and_a_response_url_travel_with_the_form(slack: LocalSlack, told: list[Json]) -> None:
    await slack.command("ada", "videos", "/sora")
    picture = await slack.upload_picture("ada", b"\x89PNG not really", "dog.png")
    await slack.submit("ada", await opened(slack), {"prompt": "a corgi", "picture": picture})
    sent = told[-1]
    file = sent["view"]["state"]["values"]["picture"]["picture"]["files"][0]
    assert (file["mimetype"], file["size"]) == ("image/png", 15)
    async with aiohttp.ClientSession() as http:
        with_token = {"Authorization": f"Bearer {slack.bot_token}"}
        async with http.get(file["url_private_download"], headers=with_token) as answer:
            assert await answer.read() == b"\x89PNG not really"
        async with http.get(file["url_private_download"]) as answer:
            assert (answer.status, answer.content_type) == (200, "text/html")
        url = sent["response_urls"][0]["response_url"]
        async with http.post(url, json={"text": "Working on it"}) as answer:
            assert await answer.text() == "ok"
    assert slack.messages("ada", "videos")[-1].ephemeral_to


async def test_a_button_is_for_whom_it_is_shown_to(slack: LocalSlack, told: list[Json]) -> None:
    await slack.command("ada", "videos", "/sora")
    await slack.submit("ada", await opened(slack), {"prompt": "a corgi"})
    await slack.until(lambda: any(each.edits for each in slack.workspace.messages))
    status = slack.messages("ada", "videos")[0]
    with pytest.raises(NotOffered):
        await slack.click("ben", status, "cancel")
    answered = await slack.click("ada", status, "cancel")
    assert answered.acked
    await slack.until(lambda: any(each.text == "Cancelled." for each in slack.workspace.messages))
    assert told[-1]["actions"][0]["value"] == "job1"
    assert told[-1]["message"]["ts"] == status.ts
    seen = {user: slack.snapshot(user)["channels"][0]["messages"][0]["blocks"][1] for user in ("ada", "ben")}
    assert [len(seen[user]["elements"]) for user in ("ada", "ben")] == [1, 0]


async def test_shortcuts_closing_and_messages_reach_the_app(slack: LocalSlack, told: list[Json]) -> None:
    said = await slack.say("ben", "videos", "look at this dog")
    answered = await slack.message_shortcut("ada", "videos", said.ts, "sora_from_message")
    assert answered.acked
    assert told[-1]["message"]["text"] == "look at this dog"
    view = await opened(slack)
    await slack.close_view("ada", all=True)
    assert told[-1]["type"] == "view_closed"
    assert told[-1]["is_cleared"] is True
    assert slack.workspace.open_view(view.id) is None
    await slack.global_shortcut("ada", "sora_create")
    await opened(slack)
    for words, channel in (("hello bot", "sora"), ("hi @sora", "videos")):
        before = len(told)
        await slack.say("ada", channel, words)
        async with asyncio.timeout(5):
            while len(told) == before:
                await asyncio.sleep(0.005)
    assert told[-2]["event"]["channel_type"] == "im"
    assert told[-1]["event"]["type"] == "app_mention"


async def test_a_thread_has_no_slash_commands(slack: LocalSlack, told: list[Json]) -> None:
    said = await slack.say("ada", "videos", "look")
    answered = await slack.command("ada", "videos", "/sora", "a corgi", thread_ts=said.ts)
    assert (answered.acked, answered.error) == (False, "not_in_threads")
    assert told == []


async def test_a_silent_app_is_an_operation_timeout_and_no_app_a_failed_dispatch(slack: LocalSlack) -> None:
    assert (await slack.command("ada", "videos", "/sora")).error == "dispatch_failed"
    slack.dials.ack_within_s = 0.2
    app, _ = stranger(slack)
    heard = asyncio.Event()

    @app.shortcut("sora_create")
    async def never(body: Json) -> None:  # pragma: no cover - the first listener of that name answers
        heard.set()

    @app.middleware
    async def asleep() -> None:
        heard.set()

    async with by_socket(slack, app):
        answered: Answered = await slack.command("ada", "videos", "/sora")
        assert heard.is_set()
        assert answered.error == "operation_timeout"
        assert "operation_timeout" in slack.messages("ada", "videos")[-1].text
