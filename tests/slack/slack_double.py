"""Just enough of Slack to listen to a listener: it keeps every call and answers as it is told to."""

import asyncio
import json
from contextlib import asynccontextmanager

from aiohttp import web
from aiohttp.test_utils import TestServer
from fake_admins import MemoryAdmins
from fake_doubts import FakeDoubts
from fake_events import FakeEvents
from fake_frames import FakeFrames
from fake_questions import FakeHappened, FakeQuestions
from slack_bolt.async_app import AsyncBoltRequest
from virtual_clock import VirtualClock

from bot.slack.admin_desk import AdminDesk
from bot.slack.app import Behind, build_app
from bot.slack.client import opened_slack
from bot.slack.drafts import DRAFT_JSON
from bot.slack.errands import Errands
from bot.slack.replies import Replies

PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 100


class SlackDouble:
    def __init__(self):
        self.calls = []
        self.responses = []
        self.refusals = {}
        """Method name to error code."""
        self.response_status = 200
        self.file_answer = (200, "image/png", PNG)

    def told(self, method):
        return [arguments for name, arguments in self.calls if name == method]

    async def api(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        arguments = await request.json() if request.content_type == "application/json" else dict(await request.post())
        arguments = {**request.query, **arguments}
        for name in ("view", "blocks"):
            if isinstance(arguments.get(name), str):
                arguments[name] = json.loads(arguments[name])
        self.calls.append((method, arguments))
        if method in self.refusals:
            return web.json_response({"ok": False, "error": self.refusals[method]})
        known = {
            "auth.test": {"team_id": "T1", "bot_id": "B1", "user_id": "UBOT"},
            "views.open": {"view": {"id": "V1", "hash": "h1"}},
            "chat.postMessage": {"channel": "D1", "ts": "1.1"},
        }
        return web.json_response({"ok": True, **known.get(method, {})})

    async def respond(self, request: web.Request) -> web.Response:
        self.responses.append(await request.json())
        return web.Response(status=self.response_status, text="ok")

    async def file(self, request: web.Request) -> web.Response:
        self.calls.append(("GET file", {"authorization": request.headers.get("Authorization")}))
        if self.file_answer is None:  # the line breaks
            request.transport.abort()
            return web.Response()
        status, kind, body = self.file_answer
        return web.Response(status=status, content_type=kind, body=body)

    def routes(self) -> web.Application:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_post("/api/{method}", self.api)
        app.router.add_post("/respond", self.respond)
        app.router.add_get("/files/{name}", self.file)
        return app


class MemoryDrafts:
    def __init__(self):
        self.kept = {}

    async def put(self, draft):
        draft_id = f"d{len(self.kept) + 1}"
        self.kept[draft_id] = DRAFT_JSON.dump_json(draft)
        return draft_id

    async def get(self, team_id, user_id, draft_id):
        found = DRAFT_JSON.validate_json(self.kept[draft_id]) if draft_id in self.kept else None
        return found if found and (found.wish.team_id, found.wish.user_id) == (team_id, user_id) else None


class Desk:
    """A running surface with everything around it that a test looks at."""

    def __init__(self, slack, base, app, jobs, drafts, replies, clock, errands):
        self.slack, self.base, self.app, self.jobs, self.drafts = slack, base, app, jobs, drafts
        self.replies, self.clock, self.errands = replies, clock, errands
        self.doubts = FakeDoubts()
        self.questions, self.happened = FakeQuestions(), FakeHappened()
        self.events = FakeEvents()
        self.frames = FakeFrames()
        self.admins = MemoryAdmins()
        self.accounts = []
        self.greeted = []
        self.refused = {}
        self.seen = []

    async def greets(self, team_id, user_id, places):
        self.greeted.extend(places)
        return {place: self.refused[place] for place in places if place in self.refused}

    async def accounts_now(self):
        return self.accounts

    async def refused_places(self, team_id):
        return self.refused

    async def send(self, body):
        """What the ack was: (status, parsed body)."""
        answer = await self.app.async_dispatch(AsyncBoltRequest(body=body, mode="socket_mode"))
        if self.jobs.held.is_set():
            await asyncio.sleep(0.002)  # Bolt acks an event before its listener begins
            await self.quiet()
        return answer.status, json.loads(answer.body) if answer.body else {}

    async def command(self, text, **changes):
        body = {
            "command": "/sora",
            "text": text,
            "team_id": "T1",
            "user_id": "U1",
            "channel_id": "C1",
            "trigger_id": f"t{text}",
            "response_url": f"{self.base}/respond",
        }
        return await self.send({**body, **changes})

    async def click(self, action_id, value, *, user="U1", ephemeral=True, trigger="t2", **changes):
        body = {
            "type": "block_actions",
            "team": {"id": "T1"},
            "user": {"id": user, "team_id": "T1"},
            "channel": {"id": "C1"},
            "trigger_id": trigger,
            "response_url": f"{self.base}/respond",
            "container": {"message_ts": "9.9", "channel_id": "C1", "is_ephemeral": ephemeral},
            "actions": [{"type": "button", "action_id": action_id, "value": value, "block_id": "b"}],
        }
        return await self.send({**body, **changes})

    def form(self):
        """The newest drawing of the form."""
        return self.slack.told("views.update")[-1]["view"]

    def submission(self, view, *, typed=None, **fields):
        return form_body("view_submission", view, typed=typed, **fields)

    async def quiet(self):
        """Until everything that was begun has ended."""
        while self.errands._running:
            await asyncio.wait(set(self.errands._running))


def form_body(kind, view, *, typed=None, **fields):
    """A form as Slack sends it back: what it was drawn with, `typed` in the first prompt field, `fields` elsewhere."""
    values = {}
    for block in view["blocks"]:
        element = block.get("element")
        if block["type"] != "input":
            continue
        action = element["action_id"]
        state = {"type": element["type"]}
        match element["type"]:
            case "plain_text_input":
                state["value"] = element.get("initial_value")
                if typed is not None and block["block_id"] == "prompt_0_none":
                    state["value"] = typed
                if action in fields:
                    state["value"] = fields[action]
            case "static_select":
                chosen = fields.get(action)
                match_option = [each for each in element["options"] if each["value"] == chosen]
                state["selected_option"] = match_option[0] if match_option else element["initial_option"]
            case "conversations_select":
                state["selected_conversation"] = fields.get(action, element.get("initial_conversation"))
            case "file_input":
                state["files"] = fields.get(action, [])
            case "checkboxes":
                state["selected_options"] = fields.get(action, [])
        values.setdefault(block["block_id"], {})[action] = state
    shown = {
        "id": "V1",
        "hash": "h2",
        "type": "modal",
        "callback_id": view["callback_id"],
        "private_metadata": view.get("private_metadata", ""),
        "app_installed_team_id": "T1",
        "state": {"values": values},
    }
    return {
        "type": kind,
        "team": {"id": "T1"},
        "user": {"id": "U1", "team_id": "T1"},
        "trigger_id": "t3",
        "view": shown,
        "response_urls": [],
    }


@asynccontextmanager
async def running_desk(jobs, *, ack_limit_s=1.0, can_join=True, **options):
    slack, drafts, clock = SlackDouble(), MemoryDrafts(), VirtualClock()
    async with TestServer(slack.routes()) as server:
        base = str(server.make_url("")).rstrip("/")
        async with opened_slack(token="xoxb-1", base_url=f"{base}/api/") as door, Errands(grace_s=1) as errands:
            replies = Replies(
                client=door.interactive, http=door.http, clock=clock, can_join=can_join, bot_user_id="UBOT"
            )
            desk = Desk(slack, base, None, jobs, drafts, replies, clock, errands)

            async def card_seen(job_id, *, slack_channel_id, ts):
                desk.seen.append((job_id, slack_channel_id, ts))

            behind = Behind(
                client=door.interactive,
                http=door.http,
                jobs=jobs,
                doubts=desk.doubts,
                questions=desk.questions,
                happened=desk.happened,
                drafts=drafts,
                events=desk.events,
                replies=replies,
                errands=errands,
                clock=clock,
                card_seen=card_seen,
                frames=desk.frames,
                admins=AdminDesk(book=desk.admins, clock=clock, by_configuration=()),
                accounts=desk.accounts_now,
                greets=desk.greets,
                refused_places=desk.refused_places,
                ack_limit_s=ack_limit_s,
                **options,
            )
            desk.app = build_app(behind)
            yield desk
