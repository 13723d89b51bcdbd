"""A small Slack on 127.0.0.1: strict as the real one, its bad luck on a dial, everything it saw open to be read."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Self

import aiohttp
from aiohttp import web

from bot.clock import Clock, SystemClock
from bot.demo.slack.app import STRANGER, App
from bot.demo.slack.deliveries import Ack, Deliveries
from bot.demo.slack.drawing import screen
from bot.demo.slack.faults import Faults
from bot.demo.slack.feed import Changes
from bot.demo.slack.hands import Hands
from bot.demo.slack.journal import Calls
from bot.demo.slack.rates import Rates
from bot.demo.slack.server import Server
from bot.demo.slack.sockets import Sockets
from bot.demo.slack.tickets import Tickets
from bot.demo.slack.workspace import Channel, Json, Kind, User, Workspace
from bot.demo.slack.world import Dials, World, furnished
from bot.demo.videos.crew import Crew, working_crew

HOST = "127.0.0.1"
STOP_S = 0.2


class LocalSlack(Hands):
    """One running workspace with one app installed; make it with `running`."""

    def __init__(self, world: World, deliveries: Deliveries, sockets: Sockets) -> None:
        super().__init__(world, deliveries)
        self.sockets = sockets

    @classmethod
    @asynccontextmanager
    async def running(
        cls,
        *,
        clock: Clock | None = None,
        manifest: dict[str, Any] | None = None,
        port: int = 0,
        directory: Path | None = None,
        team_id: str = "T0LOCAL001",
    ) -> AsyncIterator[Self]:
        """Serve until the block ends.

        Args:
            clock: runs the rights that expire, the rates and the three seconds of an ack; default: the real time.
            manifest: the app's, as a dict; its scopes, commands, shortcuts and events are what it may use and gets.
            directory: where uploaded bytes go; default: a temporary folder that goes with the workspace.

        Raises:
            OSError: the port is taken.
        """
        app = App.from_manifest(manifest or STRANGER, id="A0LOCAL001", user_id="U0BOT00009", bot_id="B0BOT00009")
        async with AsyncExitStack() as owned:
            if directory is None:
                directory = Path(owned.enter_context(tempfile.TemporaryDirectory(prefix="local-slack-")))
            http = await owned.enter_async_context(aiohttp.ClientSession())
            crew = await owned.enter_async_context(working_crew())
            world = _world(clock or SystemClock(), app, team_id, crew, directory)
            sockets = Sockets(world)
            await _serve(owned, world, sockets, port)
            yield cls(world, Deliveries(world, sockets, http), sockets)

    @property
    def origin(self) -> str:
        return self.world.origin

    @property
    def api_url(self) -> str:
        """What a client is given as `base_url`."""
        return f"{self.world.origin}/api/"

    @property
    def bot_token(self) -> str:
        return self.world.app.bot_token

    @property
    def app_token(self) -> str:
        return self.world.app.app_token

    @property
    def signing_secret(self) -> str:
        return self.world.app.signing_secret

    @property
    def team_id(self) -> str:
        return self.world.workspace.team_id

    @property
    def bot_user_id(self) -> str:
        return self.world.app.user_id

    @property
    def app(self) -> App:
        return self.world.app

    @property
    def workspace(self) -> Workspace:
        return self.world.workspace

    @property
    def faults(self) -> Faults:
        return self.world.faults

    @property
    def dials(self) -> Dials:
        return self.world.dials

    @property
    def rates(self) -> Rates:
        return self.world.rates

    @property
    def calls(self) -> Calls:
        """The journal: every request of the app, `calls.of(method)`, `calls.processed(method)`."""
        return self.world.calls

    @property
    def delivered(self) -> list[Ack]:
        """Everything the app was sent, in order, with what came of it."""
        return self.deliveries.made

    @property
    def events_url(self) -> str:
        return self.world.app.events_url

    @events_url.setter
    def events_url(self, url: str) -> None:
        self.world.app.events_url = url

    def add_channel(self, name: str, *, after: str) -> Channel:
        """A public channel with everybody in it, the app too; on screens it stands below another one."""
        workspace = self.world.workspace
        channel = Channel(id=workspace.new_id("C"), name=name, kind=Kind.PUBLIC, members=set(workspace.users))
        others = list(workspace.channels.values())
        others.insert(others.index(workspace.channel(after)) + 1, channel)
        workspace.channels = {each.id: each for each in others}
        return channel

    def changes(self) -> Changes:
        """News from now on, as JSON; iterate, and `aclose` when done."""
        return self.world.feed.listen()

    def snapshot(self, user: User | str) -> Json:
        """One person's whole screen, as JSON."""
        return screen(self.world, self._who(user))

    async def until(self, holds: Callable[[], object], *, within_s: float = 10.0) -> None:
        """Wait in real time until something holds; it is looked at after each change of the workspace.

        Raises:
            TimeoutError: it did not come to hold.
        """
        async with asyncio.timeout(within_s):
            await self.world.feed.until(holds)


def _world(clock: Clock, app: App, team_id: str, crew: Crew, directory: Path) -> World:
    directory.mkdir(parents=True, exist_ok=True)
    return World(
        clock=clock, workspace=furnished(team_id, app), app=app, crew=crew, directory=directory,
        rates=Rates(clock), tickets=Tickets(clock),
    )  # fmt: skip


async def _serve(owned: AsyncExitStack, world: World, sockets: Sockets, port: int) -> None:
    server = Server(world, sockets)
    runner = web.AppRunner(server.application(), handle_signals=False, access_log=None, shutdown_timeout=STOP_S)
    await runner.setup()
    owned.push_async_callback(runner.cleanup)
    site = web.TCPSite(runner, HOST, port)
    await site.start()
    world.origin = f"http://{HOST}:{runner.addresses[0][1]}"
    owned.push_async_callback(sockets.close)
    owned.callback(server.gate.closing.set)
    owned.callback(world.feed.close)
