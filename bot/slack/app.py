"""The Bolt app: a list of features, and nothing of Bolt's that reads the environment or writes files by itself."""

import asyncio
import logging
from typing import Any

import aiohttp
from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.authorization.async_authorize import AsyncAuthorize
from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.clock import Clock
from bot.jobs.doubt_desk import DoubtDesk
from bot.jobs.happened import HappenedDesk
from bot.jobs.questions import QuestionDesk
from bot.jobs.service import JobService
from bot.slack.admin_desk import AdminDesk
from bot.slack.admin_form import Greets, RefusedPlaces, SettingsListeners
from bot.slack.asking import Asking
from bot.slack.buttons import ButtonListeners, CardSeen
from bot.slack.command import CommandListener
from bot.slack.desk import ACK_LIMIT_S, Desk
from bot.slack.direct import DirectListener, EventBook
from bot.slack.doubts import DoubtListeners
from bot.slack.drafted import DraftListeners
from bot.slack.drafts import DraftBook
from bot.slack.errands import Errands
from bot.slack.errors import ErrorDesk
from bot.slack.failures import slack_failures
from bot.slack.fallbacks import Fallbacks
from bot.slack.form import FormListeners
from bot.slack.forms import Forms
from bot.slack.frames import FirstFrames
from bot.slack.lookups import Accounts, Lookups
from bot.slack.people_pictures import MessagePictures, PeoplePictures
from bot.slack.questions import QuestionListeners
from bot.slack.rate import CommandRate
from bot.slack.replies import Replies
from bot.slack.shortcuts import ShortcutListeners
from bot.slack.witness import Nobody, Witness


def build_app(
    *,
    client: AsyncWebClient,
    http: aiohttp.ClientSession,
    jobs: JobService,
    doubts: DoubtDesk,
    questions: QuestionDesk,
    happened: HappenedDesk,
    drafts: DraftBook,
    events: EventBook,
    replies: Replies,
    errands: Errands,
    clock: Clock,
    card_seen: CardSeen,
    frames: FirstFrames,
    admins: AdminDesk,
    accounts: Accounts,
    greets: Greets,
    refused_places: RefusedPlaces,
    mails_to: int = 0,
    command: str = "/sora",
    takes_pictures: bool = True,
    ack_limit_s: float = ACK_LIMIT_S,
    witness: Witness | None = None,
) -> AsyncApp:
    """Everything people can do, plugged together.

    `client` is the interactive one, with the workspace's token; `http` its session, for answers and pictures.
    `takes_pictures`: files:read was granted. `mails_to`: how many addresses get notices by e-mail.
    """
    witness = witness or Nobody()
    app = _bare_app(client, witness)
    errors = ErrorDesk(replies, errands, witness)
    desk = Desk(errands=errands, replies=replies, errors=errors, ack_limit_s=ack_limit_s)
    asking = Asking(jobs=jobs, drafts=drafts, replies=replies)
    pictures = PeoplePictures(http=http, api_url=client.base_url)
    message_pictures = MessagePictures(pictures=pictures, keep=jobs.keep_picture)
    forms = Forms(asking=asking, desk=desk, pictures=pictures, frames=frames, takes_pictures=takes_pictures)
    lookups = Lookups(jobs=jobs, doubts=doubts, admins=admins, accounts=accounts, clock=clock, command=command)
    settings = SettingsListeners(
        admins=admins, desk=desk, greets=greets, refused_places=refused_places, mails_to=mails_to, command=command
    )
    rate = CommandRate(clock)
    for feature in (
        CommandListener(
            command=command, asking=asking, lookups=lookups, forms=forms, settings=settings, desk=desk, rate=rate
        ),
        settings,
        FormListeners(forms=forms, desk=desk),
        ButtonListeners(asking=asking, lookups=lookups, forms=forms, desk=desk, card_seen=card_seen),
        DraftListeners(asking=asking, forms=forms, lookups=lookups, desk=desk),
        DoubtListeners(doubts=doubts, desk=desk),
        QuestionListeners(questions=questions, happened=happened, desk=desk),
        ShortcutListeners(forms=forms, pictures=message_pictures, desk=desk),
        DirectListener(asking=asking, lookups=lookups, pictures=message_pictures, events=events, desk=desk, rate=rate),
        Fallbacks(desk=desk, command=command),
    ):
        feature.register(app)
    return app


def _bare_app(client: AsyncWebClient, witness: Witness) -> AsyncApp:
    """Our own `authorize` keeps Bolt away from tokens in the environment; verification is the entrance's."""
    logger = logging.getLogger("bot.slack.bolt")
    logger.setLevel(logging.ERROR)  # its warnings are about variables and tokens that we pass on purpose
    without_token = AsyncWebClient(
        base_url=client.base_url,
        session=client.session,
        retry_handlers=client.retry_handlers,
        ssl=client.ssl,
        proxy=client.proxy,
        logger=logger,
    )
    return _WatchedApp(
        witness,
        name="sora",
        logger=logger,
        client=without_token,
        authorize=_OneWorkspace(client),
        signing_secret="",
        request_verification_enabled=False,
        ssl_check_enabled=False,
        attaching_conversation_kwargs_enabled=False,
    )


class _WatchedApp(AsyncApp):
    """Both ways in, the socket and the HTTP entrance, come through `async_dispatch`."""

    def __init__(self, witness: Witness, **more: Any) -> None:
        super().__init__(**more)
        self._witness = witness

    async def async_dispatch(self, req: AsyncBoltRequest) -> BoltResponse:
        with self._witness.attends(req.body):
            return await super().async_dispatch(req)


class _OneWorkspace(AsyncAuthorize):
    """Who we are, asked once with `auth.test`; the token is the client's."""

    def __init__(self, client: AsyncWebClient) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._client = client
        self._asking = asyncio.Lock()
        self._known: AuthorizeResult | None = None

    async def __call__(
        self,
        *,
        context: AsyncBoltContext,  # noqa: ARG002
        enterprise_id: str | None,  # noqa: ARG002
        team_id: str | None,  # noqa: ARG002
        user_id: str | None,  # noqa: ARG002
        actor_enterprise_id: str | None = None,  # noqa: ARG002
        actor_team_id: str | None = None,  # noqa: ARG002
        actor_user_id: str | None = None,  # noqa: ARG002
    ) -> AuthorizeResult:
        async with self._asking:
            if self._known is None:
                with slack_failures("auth.test"):
                    told = await self._client.auth_test()
                self._known = AuthorizeResult(
                    enterprise_id=told.get("enterprise_id"),
                    team_id=told.get("team_id"),
                    bot_id=told.get("bot_id"),
                    bot_user_id=told.get("user_id"),
                    bot_token=self._client.token,
                )
        return self._known
