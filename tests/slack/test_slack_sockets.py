"""Socket Mode over a real web socket: two connections, refused tickets, a clean end."""

import asyncio
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient
from virtual_clock import VirtualClock

from bot.slack.sockets import LOOK_EVERY_S, MISSES_MAX, opened_sockets


class SocketSlack:
    """Hands out tickets, each good for one connection."""

    def __init__(self):
        self.tickets = 0
        self.refused = set()
        self.links = []
        self.acks = asyncio.Queue()
        self.base = ""

    async def open(self, _request):
        self.tickets += 1
        url = f"{self.base.replace('http', 'ws')}/link?ticket={self.tickets}"
        return web.json_response({"ok": True, "url": url})

    async def identity(self, _request):
        return web.json_response({"ok": True, "team_id": "T1", "bot_id": "B1", "user_id": "UBOT"})

    async def link(self, request):
        if request.query["ticket"] in self.refused:
            return web.Response(status=403)
        link = web.WebSocketResponse()
        await link.prepare(request)
        self.links.append(link)
        await link.send_json({"type": "hello", "num_connections": len(self.links)})
        async for message in link:
            if message.type is aiohttp.WSMsgType.TEXT:
                await self.acks.put(message.json())
        return link


@asynccontextmanager
async def running_slack():
    slack = SocketSlack()
    app = web.Application()
    app.router.add_post("/api/apps.connections.open", slack.open)
    app.router.add_post("/api/auth.test", slack.identity)
    app.router.add_get("/link", slack.link)
    async with TestServer(app) as server:
        slack.base = str(server.make_url("")).rstrip("/")
        yield slack


def bolt(slack):
    app = AsyncApp(client=AsyncWebClient(token="xoxb-1", base_url=f"{slack.base}/api/"), signing_secret="x")

    @app.command("/sora")
    async def asked(ack, body):
        await ack(f"heard {body['text']}")

    return app


async def until(holds):
    for _ in range(1000):
        if holds():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("never")


async def test_two_connections_carry_a_command_and_its_ack():
    async with running_slack() as slack:
        async with opened_sockets(bolt(slack), app_token="xapp-1", clock=VirtualClock()) as sockets:
            await until(lambda: len(slack.links) == 2 and sockets.connected)
            assert sockets.deaf_since is None
            for number, link in enumerate(slack.links):
                command = {"command": "/sora", "text": f"payload {number}", "team_id": "T1", "user_id": "U1"}
                await link.send_json({"envelope_id": f"e{number}", "type": "slash_commands", "payload": command})
                ack = await asyncio.wait_for(slack.acks.get(), 5)
                assert ack == {"envelope_id": f"e{number}", "payload": {"text": f"heard payload {number}"}}
        assert all(each.closed for each in slack.links)


async def test_a_refused_ticket_is_forgotten_and_a_new_one_asked_for():
    clock = VirtualClock()
    async with running_slack() as slack:
        slack.refused = {"1"}
        async with opened_sockets(
            bolt(slack), app_token="xapp-1", clock=clock, connections=1, ping_interval_s=0.02
        ) as sockets:
            await until(lambda: slack.tickets == 1)
            assert not sockets.connected
            assert sockets.deaf_since is not None
            await asyncio.sleep(0.1)
            assert slack.tickets == 1
            for _ in range(MISSES_MAX):
                await clock.advance(LOOK_EVERY_S)
            await until(lambda: slack.tickets == 2 and slack.links)
            await until(lambda: sockets.connected)
            assert sockets.deaf_since is None


async def test_a_lost_connection_shows_at_the_next_look():
    clock = VirtualClock()
    async with running_slack() as slack:
        async with opened_sockets(
            bolt(slack), app_token="xapp-1", clock=clock, connections=1, ping_interval_s=30
        ) as sockets:
            await until(lambda: sockets.connected)
            await slack.links[0].close()
            slack.refused = {str(each) for each in range(100)}
            for _ in range(20):
                await clock.advance(LOOK_EVERY_S)
                if not sockets.connected:
                    break
            assert not sockets.connected
            assert sockets.deaf_since is not None


async def test_leaving_before_slack_ever_answered_ends_at_once():
    async with running_slack() as slack:
        slack.refused = {str(each) for each in range(100)}
        async with asyncio.timeout(5):
            async with opened_sockets(bolt(slack), app_token="xapp-1", clock=VirtualClock(), ping_interval_s=0.02):
                await until(lambda: slack.tickets >= 1)
