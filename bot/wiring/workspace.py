"""Our connections to Slack, who it says we are, and the way back to people."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bot.slack.client import SlackDoor, opened_slack
from bot.slack.identity import Identity, who_we_are
from bot.slack.replies import Replies
from bot.wiring.ground import Ground


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    door: SlackDoor
    identity: Identity
    replies: Replies


@asynccontextmanager
async def opened_workspace(ground: Ground) -> AsyncIterator[Workspace]:
    """
    Raises:
        TokenRefusedError: Slack does not know our token.
    """
    settings = ground.settings
    async with opened_slack(token=settings.bot_token, base_url=settings.slack_api_url) as door:
        identity = await who_we_are(door.interactive)
        replies = Replies(
            client=door.interactive,
            http=door.hasty,
            clock=ground.clock,
            can_join="channels:join" in identity.scopes,
            bot_user_id=identity.bot_user_id,
        )
        yield Workspace(door=door, identity=identity, replies=replies)
