"""Bad luck on the dial: what the app sees, what was really done, and what a person can prove afterwards."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator

import aiohttp
import pytest
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from virtual_clock import VirtualClock

from bot.demo.slack import Delay, Drop, Kill, LocalSlack, Page, RateLimited, Refuse, Silence

VIDEOS = "C0VIDEOS01"
POST = "chat.postMessage"


@pytest.fixture
async def slack() -> AsyncIterator[LocalSlack]:
    async with LocalSlack.running() as running:
        yield running


@pytest.fixture
def client(slack: LocalSlack) -> AsyncWebClient:
    return AsyncWebClient(token=slack.bot_token, base_url=slack.api_url, retry_handlers=[], timeout=1)


async def test_refusals_do_nothing_unless_told_to(slack: LocalSlack, client: AsyncWebClient) -> None:
    slack.faults.add(POST, RateLimited(retry_after_s=7))
    slack.faults.add(POST, Refuse("restricted_action"))
    slack.faults.add(POST, Refuse("internal_error", processed=True))
    for status, error in ((429, "ratelimited"), (200, "restricted_action"), (200, "internal_error")):
        with pytest.raises(SlackApiError) as no:
            await client.chat_postMessage(channel=VIDEOS, text="hello")
        assert (no.value.response.status_code, no.value.response["error"]) == (status, error)
    assert len(slack.messages("ada", "videos")) == 1
    assert [each.processed for each in slack.calls.of(POST)] == [False, False, True]


@pytest.mark.parametrize("processed", [False, True])
async def test_a_lost_answer_is_lost_before_or_after_the_work(
    slack: LocalSlack, client: AsyncWebClient, processed: bool
) -> None:
    slack.faults.add(POST, Drop(processed=processed), after=1)
    await client.chat_postMessage(channel=VIDEOS, text="well")
    with pytest.raises(aiohttp.ClientError):
        await client.chat_postMessage(channel=VIDEOS, text="lost")
    assert len(slack.messages("ada", "videos")) == 1 + processed
    assert slack.faults.hits[POST, "Drop"] == 1
    assert slack.faults.pending == []


async def test_a_page_a_silence_and_a_delay(slack: LocalSlack, client: AsyncWebClient) -> None:
    slack.faults.add(POST, Page(status=502))
    slack.faults.add(POST, Silence(processed=True))
    slack.faults.add(POST, Delay(seconds=0.01))
    with pytest.raises(SlackApiError) as no:
        await client.chat_postMessage(channel=VIDEOS, text="hello")
    assert no.value.response.status_code == 502
    with pytest.raises(TimeoutError):
        await AsyncWebClient(token=slack.bot_token, base_url=slack.api_url, timeout=0.2).chat_postMessage(
            channel=VIDEOS, text="hello"
        )
    await client.chat_postMessage(channel=VIDEOS, text="hello")
    assert len(slack.messages("ada", "videos")) == 2


CHILD = """
import sys, urllib.request
request = urllib.request.Request(sys.argv[1], data=b"channel=C0VIDEOS01&text=hello",
    headers={"Authorization": "Bearer " + sys.argv[2]})
urllib.request.urlopen(request)
"""


async def test_kills_the_process_after_the_work_and_before_the_answer(slack: LocalSlack) -> None:
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", CHILD, f"{slack.api_url}chat.postMessage", slack.bot_token
    )
    slack.faults.add(POST, Kill(strike=lambda: os.kill(child.pid, signal.SIGKILL)))
    assert await asyncio.wait_for(child.wait(), 20) == -signal.SIGKILL
    assert slack.faults.hits[POST, "Kill"] == 1
    assert [each.text for each in slack.messages("ada", "videos")] == ["hello"]


def listening(slack: LocalSlack) -> tuple[AsyncApp, list[str]]:
    app = AsyncApp(client=AsyncWebClient(token=slack.bot_token, base_url=slack.api_url))
    heard: list[str] = []

    @app.command("/sora")
    async def command(ack, body) -> None:  # type: ignore[no-untyped-def]
        heard.append(body["trigger_id"])
        await ack()

    return app, heard


async def test_an_envelope_that_arrives_twice(slack: LocalSlack) -> None:
    app, heard = listening(slack)
    handler = AsyncSocketModeHandler(app, slack.app_token)
    await handler.connect_async()
    await slack.sockets.connected()
    slack.sockets.repeat_next = 1
    await slack.command("ada", "videos", "/sora")
    async with asyncio.timeout(5):
        while len(heard) < 2:
            await asyncio.sleep(0.005)
    assert heard[0] == heard[1]
    first, second = slack.sockets.envelopes
    assert first["envelope_id"] == second["envelope_id"]
    await handler.close_async()


async def test_each_payload_goes_to_one_of_several_connections(slack: LocalSlack) -> None:
    ears = [listening(slack) for _ in range(2)]
    handlers = [AsyncSocketModeHandler(app, slack.app_token) for app, _ in ears]
    for each in handlers:
        await each.connect_async()
    await slack.sockets.connected(2)
    for _ in range(4):
        assert (await slack.command("ada", "videos", "/sora")).acked
    assert [len(heard) for _, heard in ears] == [2, 2]
    for each in handlers:
        await each.close_async()


async def test_a_disconnect_makes_the_app_come_back(slack: LocalSlack) -> None:
    app, _ = listening(slack)
    handler = AsyncSocketModeHandler(app, slack.app_token)
    await handler.connect_async()
    await slack.sockets.connected()
    await slack.sockets.disconnect()
    await slack.sockets.connected()
    assert (await slack.command("ada", "videos", "/sora")).acked
    assert len(slack.calls.of("apps.connections.open")) >= 2
    await handler.close_async()


async def test_a_ticket_works_once_and_can_be_refused(slack: LocalSlack) -> None:
    client = AsyncWebClient(base_url=slack.api_url)
    url = (await client.apps_connections_open(app_token=slack.app_token))["url"]
    async with aiohttp.ClientSession() as http:
        async with http.ws_connect(url) as link:
            assert (await link.receive_json())["type"] == "hello"
        other = (await client.apps_connections_open(app_token=slack.app_token))["url"]
        slack.sockets.refuse_next = 1
        for refused in (url, other):
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await http.ws_connect(refused)
    assert slack.sockets.refused == 2


async def test_an_event_nobody_took_comes_again_at_once_after_a_minute_after_five() -> None:
    clock = VirtualClock()
    async with LocalSlack.running(clock=clock) as slack:
        await slack.say("ada", "sora", "hello?")
        await clock.advance(361)
        tries = slack.delivered
        assert [each.attempt for each in tries] == [0, 1, 2, 3]
        assert {each.error for each in tries} == {"dispatch_failed"}
        assert len({each.told["event_id"] for each in tries}) == 1


async def test_the_news_are_json_and_end_with_the_workspace() -> None:
    async with LocalSlack.running() as slack:
        news = slack.changes()
        said = await slack.say("ada", "videos", "hello")
        assert (await anext(news))["message"]["ts"] == said.ts
    assert [each async for each in news] == []


async def test_an_upload_is_streamed_to_disk(slack: LocalSlack, client: AsyncWebClient) -> None:
    import tracemalloc

    piece, count = b"\0" * (1 << 20), 64

    async def film() -> AsyncIterator[bytes]:
        for _ in range(count):
            yield piece

    grant = await client.files_getUploadURLExternal(filename="a.mp4", length=len(piece) * count)
    tracemalloc.start()
    async with aiohttp.ClientSession() as http, http.post(grant["upload_url"], data=film()) as answer:
        assert answer.status == 200
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert slack.workspace.files[grant["file_id"]].path.stat().st_size == len(piece) * count
    assert peak < 16 << 20


WINDOWS = ("files.getUploadURLExternal", "upload", "files.completeUploadExternal", "chat.update")


async def delivered(client: AsyncWebClient, thread_ts: str) -> None:
    grant = await client.files_getUploadURLExternal(filename="a.mp4", length=3)
    async with aiohttp.ClientSession() as http, http.post(grant["upload_url"], data=b"mp4") as answer:
        assert answer.status == 200
    files = [{"id": grant["file_id"], "title": "A"}]
    await client.files_completeUploadExternal(files=files, channel_id=VIDEOS, thread_ts=thread_ts)
    await client.chat_update(channel=VIDEOS, ts=thread_ts, text="Done")


@pytest.mark.parametrize("window", WINDOWS)
async def test_each_window_of_a_delivery_can_be_met_after_the_work(
    slack: LocalSlack, client: AsyncWebClient, window: str
) -> None:
    """The client dies at this call; what stands in the workspace is what was processed up to there, and this."""
    struck = asyncio.Event()
    slack.dials.share_lag_s = 0
    slack.faults.add(window, Kill(strike=struck.set))
    card = await client.chat_postMessage(channel=VIDEOS, text="Rendering")
    with pytest.raises(aiohttp.ClientError):
        await delivered(client, card["ts"])
    assert struck.is_set()
    assert slack.faults.hits[window, "Kill"] == 1
    reached = WINDOWS.index(window)
    assert [len(slack.calls.processed(each)) for each in WINDOWS] == [int(i <= reached) for i in range(4)]
    messages = slack.messages("ada", "videos")
    assert len(messages) == (2 if reached >= 2 else 1)
    assert messages[0].text == ("Done" if reached == 3 else "Rendering")


async def test_a_dropped_connection_fails_the_dispatch_until_the_app_is_back(slack: LocalSlack) -> None:
    app, heard = listening(slack)
    handler = AsyncSocketModeHandler(app, slack.app_token)
    await handler.connect_async()
    await slack.sockets.connected()
    await slack.sockets.drop()
    assert (await slack.command("ada", "videos", "/sora")).error == "dispatch_failed"
    after_restart = AsyncSocketModeHandler(app, slack.app_token)
    await after_restart.connect_async()
    await slack.sockets.connected()
    assert (await slack.command("ada", "videos", "/sora")).acked
    assert len(heard) == 1
    await handler.close_async()
    await after_restart.close_async()


async def test_a_thread_whose_parent_was_deleted_is_gone(slack: LocalSlack, client: AsyncWebClient) -> None:
    parent = await slack.say("ada", "videos", "look")
    await slack.delete_message(parent)
    with pytest.raises(SlackApiError, match="thread_not_found"):
        await client.chat_postMessage(channel=VIDEOS, text="x", thread_ts=parent.ts)
    assert slack.messages("ada", "videos") == []
