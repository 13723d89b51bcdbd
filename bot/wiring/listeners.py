"""What people can do in Slack: the Bolt app, the answers it still owes, and the first frames that its forms show."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from slack_bolt.async_app import AsyncApp

from bot.slack.app import Behind, build_app
from bot.slack.errands import Errands
from bot.slack.frames import FirstFrames
from bot.slack.uploads import SlackFiles
from bot.store.drafts import StoredDrafts
from bot.store.events import StoredEvents
from bot.store.frames import StoredFrames
from bot.wiring.ground import Ground
from bot.wiring.notices import NoticeSide
from bot.wiring.surface import SlackSide
from bot.wiring.upstreams import Upstreams
from bot.wiring.videos import Videos
from bot.wiring.workspace import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class Listeners:
    app: AsyncApp
    frames: FirstFrames


@asynccontextmanager
async def opened_listeners(
    ground: Ground, upstreams: Upstreams, workspace: Workspace, slack: SlackSide, videos: Videos, notices: NoticeSide
) -> AsyncIterator[Listeners]:
    store, clock, door = ground.store, ground.clock, workspace.door
    frames = FirstFrames(
        files=SlackFiles(door), book=StoredFrames(store), frame_of=videos.jobs.first_frame, clock=clock
    )
    async with Errands() as errands:
        behind = Behind(
            client=door.interactive,
            http=door.hasty,
            jobs=videos.jobs,
            doubts=videos.doubts,
            questions=videos.questions,
            happened=videos.happened,
            drafts=StoredDrafts(store, clock=clock, new_id=ground.new_id),
            events=StoredEvents(store, clock=clock),
            replies=workspace.replies,
            errands=errands,
            clock=clock,
            card_seen=slack.surface.adopt,
            frames=frames,
            admins=notices.admins,
            accounts=upstreams.balances.accounts,
            greets=notices.greets,
            refused_places=notices.refused_places,
            mails_to=notices.mails_to,
            command=ground.settings.command,
            takes_pictures="files:read" in workspace.identity.scopes,
            witness=ground.watch.witness,
        )
        yield Listeners(app=build_app(behind), frames=frames)
