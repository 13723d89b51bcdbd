"""The rules of Slack that bots trip over, asked for by slack_sdk's own client."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from virtual_clock import VirtualClock

from bot.demo.slack import Channel, LocalSlack, Message
from bot.slack.manifest import manifest

Json = dict[str, Any]
VIDEOS, MARKETING, SECRET, ATTIC = "C0VIDEOS01", "C0MARKET02", "C0SECRET04", "C0ATTIC005"


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
async def slack(clock: VirtualClock) -> AsyncIterator[LocalSlack]:
    async with LocalSlack.running(clock=clock) as running:
        yield running


@pytest.fixture
def client(slack: LocalSlack) -> AsyncWebClient:
    return AsyncWebClient(token=slack.bot_token, base_url=slack.api_url, retry_handlers=[])


async def refused(call: Awaitable[Any]) -> Json:
    """The answer of a call that must be refused."""
    with pytest.raises(SlackApiError) as no:
        await call
    response = no.value.response
    return response.data if isinstance(response.data, dict) else {"error": response.data}


async def code(call: Awaitable[Any]) -> str:
    return str((await refused(call))["error"])


def modal(title: str = "T", **more: Any) -> Json:
    return {"type": "modal", "title": {"type": "plain_text", "text": title}, "blocks": [], **more}


def trigger(slack: LocalSlack, **more: Any) -> str:
    return slack.world.tickets.trigger("U0ADA00001", **more)


async def posted(slack: LocalSlack, client: AsyncWebClient, **more: Any) -> Message:
    answer = await client.chat_postMessage(channel=VIDEOS, text="hello", **more)
    found = slack.workspace.channels[VIDEOS].find(answer["ts"])
    assert found is not None
    return found


async def uploaded(slack: LocalSlack, client: AsyncWebClient, content: bytes = b"mp4", name: str = "a.mp4") -> str:
    grant = await client.files_getUploadURLExternal(filename=name, length=len(content))
    async with aiohttp.ClientSession() as http, http.post(grant["upload_url"], data=content) as answer:
        assert await answer.text() == f"OK - {len(content)}"
    return str(grant["file_id"])


@pytest.mark.parametrize(
    ("channel", "expected"),
    [
        (MARKETING, "not_in_channel"),
        (SECRET, "channel_not_found"),
        (ATTIC, "is_archived"),
        ("D0ADABEN06", "channel_not_found"),
        ("C0NOBODY99", "channel_not_found"),
    ],
)
async def test_where_an_app_may_not_write(client: AsyncWebClient, channel: str, expected: str) -> None:
    assert await code(client.chat_postMessage(channel=channel, text="hello")) == expected


async def test_a_user_id_opens_the_direct_messages_for_posting_only(slack: LocalSlack, client: AsyncWebClient) -> None:
    answer = await client.chat_postMessage(channel="U0ADA00001", text="hello")
    assert answer["channel"].startswith("D")
    assert await code(client.chat_update(channel="U0ADA00001", ts=answer["ts"], text="x")) == "channel_not_found"
    await client.chat_update(channel=answer["channel"], ts=answer["ts"], text="x")
    direct: Channel = slack.workspace.channels[answer["channel"]]
    assert direct.members == {"U0ADA00001", slack.bot_user_id}


async def test_tokens_and_scopes(slack: LocalSlack, client: AsyncWebClient) -> None:
    slack.app.scopes.discard("files:read")
    no = await refused(client.files_info(file="F1"))
    assert (no["error"], no["needed"]) == ("missing_scope", "files:read")
    assert "chat:write" in no["provided"]
    stranger = AsyncWebClient(token="xoxb-other", base_url=slack.api_url)
    assert await code(stranger.auth_test()) == "invalid_auth"
    assert await code(AsyncWebClient(base_url=slack.api_url).auth_test()) == "not_authed"
    assert await code(client.apps_connections_open(app_token=slack.bot_token)) == "not_allowed_token_type"
    assert await code(client.api_call("chat.invent")) == "unknown_method"
    await slack.uninstall()
    assert await code(client.auth_test()) == "token_revoked"


async def test_a_trigger_opens_once_and_within_three_seconds(
    slack: LocalSlack, client: AsyncWebClient, clock: VirtualClock
) -> None:
    first, second = trigger(slack), trigger(slack)
    await client.views_open(trigger_id=first, view=modal())
    assert await code(client.views_open(trigger_id=first, view=modal())) == "exchanged_trigger_id"
    await clock.advance(3.1)
    assert await code(client.views_open(trigger_id=second, view=modal())) == "expired_trigger_id"
    assert await code(client.views_open(trigger_id="1.2.3", view=modal())) == "invalid_trigger_id"


async def test_a_hash_guards_and_a_closed_view_is_gone(slack: LocalSlack, client: AsyncWebClient) -> None:
    view = (await client.views_open(trigger_id=trigger(slack), view=modal(external_id="one")))["view"]
    newer = (await client.views_update(external_id="one", hash=view["hash"], view=modal("U", external_id="one")))[
        "view"
    ]
    assert newer["title"]["text"] == "U"
    assert await code(client.views_update(view_id=view["id"], hash=view["hash"], view=modal())) == "hash_conflict"
    again = trigger(slack, view_id=view["id"])
    assert await code(client.views_push(trigger_id=again, view=modal(external_id="one"))) == "duplicate_external_id"
    for _ in range(2):
        await client.views_push(trigger_id=trigger(slack, view_id=view["id"]), view=modal())
    full = trigger(slack, view_id=view["id"])
    assert await code(client.views_push(trigger_id=full, view=modal())) == "push_limit_reached"
    await slack.close_view("ada", all=True)
    assert await code(client.views_update(view_id=view["id"], view=modal())) == "not_found"


async def test_a_thread_is_named_by_its_parent(slack: LocalSlack, client: AsyncWebClient) -> None:
    parent = await posted(slack, client)
    reply = await posted(slack, client, thread_ts=parent.ts)
    for wrong in (reply.ts, "1.000001"):
        call = client.chat_postMessage(channel=VIDEOS, text="x", thread_ts=wrong)
        assert await code(call) == "thread_not_found"


async def test_whose_message_and_for_how_long(slack: LocalSlack, client: AsyncWebClient, clock: VirtualClock) -> None:
    own = await posted(slack, client, blocks=[{"type": "divider"}])
    others = await slack.say("ada", "videos", "mine")
    assert await code(client.chat_update(channel=VIDEOS, ts=others.ts, text="x")) == "cant_update_message"
    assert await code(client.chat_update(channel=VIDEOS, ts=own.ts, text="x" * 4001)) == "msg_too_long"
    await client.chat_update(channel=VIDEOS, ts=own.ts, text="no blocks now")
    assert own.blocks == []
    slack.dials.edit_window_s = 60
    await clock.advance(61)
    assert await code(client.chat_update(channel=VIDEOS, ts=own.ts, text="x")) == "edit_window_closed"
    await client.chat_delete(channel=VIDEOS, ts=own.ts)
    assert await code(client.chat_update(channel=VIDEOS, ts=own.ts, text="x")) == "message_not_found"


async def test_an_ephemeral_message_exists_for_no_method(slack: LocalSlack, client: AsyncWebClient) -> None:
    answer = await client.chat_postEphemeral(channel=VIDEOS, user="U0ADA00001", text="psst")
    assert await code(client.chat_update(channel=VIDEOS, ts=answer["message_ts"], text="x")) == "message_not_found"
    assert slack.messages("ada", "videos")
    assert not slack.messages("ben", "videos")


async def test_too_many_calls_wait_as_long_as_told(
    slack: LocalSlack, client: AsyncWebClient, clock: VirtualClock
) -> None:
    for _ in range(10):
        await posted(slack, client)
    with pytest.raises(SlackApiError) as no:
        await client.chat_postMessage(channel=VIDEOS, text="one more")
    assert no.value.response.status_code == 429
    await clock.advance(float(no.value.response.headers["Retry-After"]))
    await posted(slack, client)


async def test_who_is_pinged_and_by_what(slack: LocalSlack, client: AsyncWebClient) -> None:
    words = "<!channel> <@U0BEN00002> <https://a.example|here>"
    loud = await posted(slack, client, blocks=[{"type": "section", "text": {"type": "mrkdwn", "text": words}}])
    assert loud.pings == ["!channel", "@U0BEN00002"]
    assert loud.links == ["https://a.example"]
    quote = {"type": "rich_text_quote", "elements": [{"type": "text", "text": words}]}
    plain = {"type": "section", "text": {"type": "plain_text", "text": words}}
    quiet = await posted(slack, client, blocks=[{"type": "rich_text", "elements": [quote]}, plain])
    assert (quiet.pings, quiet.links) == ([], [])
    await client.chat_update(channel=VIDEOS, ts=quiet.ts, text="<@U0BEN00002>")
    assert (quiet.pings, quiet.notified) == (["@U0BEN00002"], [])


async def test_a_file_appears_late_and_is_completed_once(
    slack: LocalSlack, client: AsyncWebClient, clock: VirtualClock
) -> None:
    slack.dials.share_lag_s, slack.dials.share_after_looks = 5.0, 2
    id = await uploaded(slack, client)
    complete = {"files": [{"id": id, "title": "A"}], "channel_id": VIDEOS, "initial_comment": "here"}
    await client.api_call("files.completeUploadExternal", json=complete)
    assert await code(client.api_call("files.completeUploadExternal", json=complete)) == "file_not_found"
    assert (await client.files_info(file=id))["file"]["shares"] == {}
    await clock.advance(5)
    assert slack.messages("ada", "videos") == []
    shares = (await client.files_info(file=id))["file"]["shares"]
    assert shares["public"][VIDEOS][0]["ts"] == slack.messages("ada", "videos")[0].ts
    await client.files_delete(file=id)
    assert await code(client.files_info(file=id)) == "file_deleted"


async def test_a_file_may_never_appear(slack: LocalSlack, client: AsyncWebClient, clock: VirtualClock) -> None:
    slack.dials.never_share = True
    id = await uploaded(slack, client)
    await client.files_completeUploadExternal(files=[{"id": id, "title": "A"}], channel_id=VIDEOS)
    await clock.advance(600)
    assert (await client.files_info(file=id))["file"]["shares"] == {}


async def test_what_uploads_must_be(slack: LocalSlack, client: AsyncWebClient) -> None:
    no = await refused(client.api_call("files.getUploadURLExternal", json={"filename": "a.mp4", "length": 3}))
    assert "missing required field" in no["response_metadata"]["messages"][0]
    grant = await client.files_getUploadURLExternal(filename="a.mp4", length=3)
    files = [{"id": grant["file_id"], "title": "A"}]
    assert await code(client.files_completeUploadExternal(files=files, channel_id=VIDEOS)) == "file_not_found"
    async with aiohttp.ClientSession() as http:
        for wrong in (b"four", b"2b"):
            async with http.post(grant["upload_url"], data=wrong) as answer:
                assert answer.status == 400
        form = aiohttp.FormData()
        form.add_field("file", b"mp4", filename="a.mp4")
        async with http.post(grant["upload_url"], data=form) as answer:
            assert await answer.text() == "OK - 3"
    assert await code(client.files_completeUploadExternal(files=files, channel_id=MARKETING)) == "not_in_channel"
    await client.files_completeUploadExternal(files=files, channel_id=VIDEOS)


async def test_a_poster_must_be_a_picture_that_is_ready(
    slack: LocalSlack, client: AsyncWebClient, clock: VirtualClock
) -> None:
    id = await uploaded(slack, client, b"png", "poster.png")
    block = {"type": "image", "slack_file": {"id": id}, "alt_text": "a dog"}
    await client.files_completeUploadExternal(files=[{"id": id, "title": "P"}])
    assert await code(client.chat_postMessage(channel=VIDEOS, text="x", blocks=[block])) == "invalid_blocks"
    await clock.advance(1)
    await posted(slack, client, blocks=[block])


async def test_a_response_url_works_five_times_and_half_an_hour(slack: LocalSlack, clock: VirtualClock) -> None:
    url = slack.world.tickets.response("U0ADA00001", "D0ADABEN06")
    old = slack.world.tickets.response("U0ADA00001", "D0ADABEN06")
    async with aiohttp.ClientSession() as http:
        statuses = []
        for index in range(6):
            told = {"text": f"{index}", "response_type": "in_channel"}
            async with http.post(f"{slack.origin}/response/{url.secret}", json=told) as answer:
                statuses.append((answer.status, await answer.text()))
        await clock.advance(1801)
        async with http.post(f"{slack.origin}/response/{old.secret}", json={"text": "late"}) as answer:
            assert (answer.status, await answer.text()) == (404, "expired_url")
    assert statuses == [(200, "ok")] * 5 + [(404, "used_url")]
    assert len(slack.messages("ben", "D0ADABEN06")) == 5


async def test_joining_and_looking_around(slack: LocalSlack, client: AsyncWebClient) -> None:
    assert (await client.conversations_info(channel=MARKETING))["channel"]["is_member"] is False
    assert await code(client.conversations_join(channel="C0STUDIO03")) == "method_not_supported_for_channel_type"
    await client.conversations_join(channel=MARKETING)
    await client.chat_postMessage(channel=MARKETING, text="hello")
    slack.app.scopes.discard("groups:read")
    assert (await refused(client.conversations_info(channel="C0STUDIO03")))["needed"] == "groups:read"
    assert (await client.users_info(user="U0BEN00002"))["user"]["tz"] == "America/New_York"
    assert (await client.auth_test()).headers["x-oauth-scopes"]


async def test_the_manifest_says_what_the_app_gets_and_may() -> None:
    told = manifest(command="/film")
    told["features"]["slash_commands"][0]["should_escape"] = True
    async with LocalSlack.running(manifest=told) as slack:
        assert "im:write" not in slack.app.scopes
        assert (await slack.command("ada", "videos", "/sora")).error == "unknown_command"
        answered = await slack.command("ada", "videos", "/film", "for @ben")
        assert answered.told["text"] == "for <@U0BEN00002>"
        await slack.open_home("ada")
        assert [each.kind for each in slack.delivered] == ["slash_commands"]  # no home tab, so no event
        client = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url)
        home = {"type": "home", "blocks": []}
        assert await code(client.views_publish(user_id="U0ADA00001", view=home)) == "not_enabled"


async def test_waiting_sees_calls_as_well_as_messages(slack: LocalSlack, client: AsyncWebClient) -> None:
    waiting = asyncio.ensure_future(slack.until(lambda: slack.calls.of("auth.test"), within_s=5))
    await client.auth_test()
    await waiting
