"""The one HTTP server: `/api/<method>`, the sockets, the bytes, the response URLs."""

from aiohttp import web

from bot.demo.slack.bytes_door import BytesDoor
from bot.demo.slack.gate import Gate, rate_limited
from bot.demo.slack.refusals import Refusal
from bot.demo.slack.response_urls import ResponseUrls
from bot.demo.slack.sharing import Sharing
from bot.demo.slack.sockets import Sockets
from bot.demo.slack.web_api import Method, methods
from bot.demo.slack.web_api.arguments import Arguments, read
from bot.demo.slack.world import World

BODY_BYTES_MAX = 8 * 1024 * 1024
"""Of a Web API call; uploads are streamed and have their own bound."""


class Server:
    def __init__(self, world: World, sockets: Sockets) -> None:
        self._world = world
        self._sockets = sockets
        self._methods: dict[str, Method] = methods(Sharing())
        self.gate = Gate(world)

    def application(self) -> web.Application:
        app = web.Application(client_max_size=BODY_BYTES_MAX)
        app.router.add_route("*", "/api/{method}", self.serve)
        app.router.add_get("/link", self._sockets.serve)
        BytesDoor(self._world, self.gate).register(app)
        ResponseUrls(self._world, self.gate).register(app)
        return app

    async def serve(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["method"]
        try:
            told = await read(request)
        except Refusal as no:
            return web.json_response({"ok": False, "error": no.code})
        args = {key: each for key, each in told.told.items() if key != "token"}
        return await self.gate.through(request, name, args, lambda: self._called(request, name, told))

    async def _called(self, request: web.Request, name: str, told: Arguments) -> web.StreamResponse:
        """Token, rate, scope, work: in the order in which Slack refuses."""
        world = self._world
        token = _token(request, told)
        if name == "apps.connections.open":
            return self._opened(token)
        method = self._methods.get(name)
        if method is None:
            raise Refusal("unknown_method", req_method=name)
        self._known(token)
        wait_s = world.rates.wait_s(name, told.text("channel"))
        if wait_s is not None:
            return rate_limited(wait_s)
        if method.scope and method.scope not in world.app.scopes:
            raise Refusal("missing_scope", needed=method.scope, provided=",".join(sorted(world.app.scopes)))
        answer = await method.work(world, told)
        headers = {"x-oauth-scopes": ",".join(sorted(world.app.scopes))}
        return web.json_response({"ok": True, **answer}, headers=headers)

    def _known(self, token: str) -> None:
        app = self._world.app
        if not token:
            raise Refusal("not_authed")
        if token == app.app_token:
            raise Refusal("not_allowed_token_type")
        if token != app.bot_token:
            raise Refusal("invalid_auth")
        if app.is_revoked:
            raise Refusal("token_revoked")

    def _opened(self, token: str) -> web.StreamResponse:
        app = self._world.app
        if not token:
            raise Refusal("not_authed")
        if token != app.app_token:
            raise Refusal("not_allowed_token_type" if token == app.bot_token else "invalid_auth")
        if not app.socket_mode:
            raise Refusal("socket_mode_not_enabled")
        wait_s = self._world.rates.wait_s("apps.connections.open")
        if wait_s is not None:
            return rate_limited(wait_s)
        return web.json_response({"ok": True, "url": self._sockets.ticket()})


def _token(request: web.Request, told: Arguments) -> str:
    """From the header or the body; one in a query string is refused by Slack, and so not looked for."""
    header = request.headers.get("Authorization", "")
    if header.startswith("Bearer "):
        return header.removeprefix("Bearer ").strip()
    return "" if "token" in request.query else told.text("token")
