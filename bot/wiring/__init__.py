"""The composition root: builds every room, plugs them into each other, and closes them in reverse."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bot.clock import Clock, NewId
from bot.config import Settings
from bot.observing.confidential import Confidential
from bot.wiring.doors import greeting, opened_port, slack_sockets
from bot.wiring.ground import opened_ground
from bot.wiring.listeners import opened_listeners
from bot.wiring.loops import running_loops
from bot.wiring.notices import notice_side
from bot.wiring.stories import running_stories
from bot.wiring.surface import slack_side
from bot.wiring.upstreams import opened_upstreams
from bot.wiring.videos import videos_side
from bot.wiring.workshop import opened_workshop
from bot.wiring.workspace import opened_workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class Bot:
    """A running bot. `failed` returns, or raises, when a part of it can no longer do its work."""

    greeting: tuple[str, ...]
    port: int
    failed: Callable[[], Awaitable[None]]


@asynccontextmanager
async def running(
    settings: Settings, *, clock: Clock, new_id: NewId, confidential: Confidential | None = None
) -> AsyncIterator[Bot]:
    """Build the whole bot and serve; on exit close everything, last opened first.

    `confidential` is the log's, which learns from the bot what people write; None where nobody keeps a log.

    Raises:
        DatabaseTakenError, NewerSchemaError: see `store`.
        CatalogueError: the models in the settings are not understood.
        SettingsError: the settings name a service or a model that there is not.
        TokenRefusedError: Slack does not know our token.
    """
    async with (
        opened_ground(settings, clock=clock, new_id=new_id, confidential=confidential or Confidential()) as ground,
        opened_upstreams(ground) as upstreams,
        opened_workspace(ground) as workspace,
        opened_workshop(ground, upstreams) as workshop,
    ):
        notices = notice_side(ground, upstreams, workspace)
        admins = notices.admins.admins
        slack = slack_side(ground, workspace, records=workshop.book.record, facts=workshop.facts, admins=admins)
        videos = videos_side(ground, upstreams, workshop, surface=slack.surface, admins=admins)
        async with (
            opened_listeners(ground, upstreams, workspace, slack, videos, notices) as listeners,
            running_stories(ground, workshop, videos.steps) as sweep,
            slack_sockets(ground, listeners.app) as sockets,
            running_loops(ground, upstreams, workshop, slack, notices, listeners, sweep, sockets) as life,
            opened_port(ground, upstreams, workshop, listeners, videos, life) as port,
        ):
            code = await notices.admins.first_code(workspace.identity.team_id)
            yield Bot(greeting=greeting(ground, upstreams, port, code=code), port=port, failed=life.failed)
