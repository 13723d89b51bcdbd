"""The Bolt app: a list of features, and nothing of Bolt's that reads the environment or writes files by itself."""

import asyncio
import logging
from dataclasses import dataclass, field
from typing import Any, Protocol

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


class Feature(Protocol):
    def register(self, app: AsyncApp) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """What stands behind the listeners."""

    client: AsyncWebClient
    """The interactive one, with the workspace's token."""
    http: aiohttp.ClientSession
    """Its session, for answers and pictures."""
    jobs: JobService
    doubts: DoubtDesk
    questions: QuestionDesk
    happened: HappenedDesk
    drafts: DraftBook
    events: EventBook
    replies: Replies
    errands: Errands
    clock: Clock
    card_seen: CardSeen
    frames: FirstFrames
    admins: AdminDesk
    accounts: Accounts
    greets: Greets
    refused_places: RefusedPlaces
    mails_to: int = 0
    """How many addresses get notices by e-mail."""
    command: str = "/sora"
    takes_pictures: bool = True
    """files:read was granted."""
    ack_limit_s: float = ACK_LIMIT_S
    witness: Witness = field(default_factory=Nobody)


def build_app(behind: Behind) -> AsyncApp:
    """Everything people can do, plugged together."""
    app = _bare_app(behind.client, behind.witness)
    errors = ErrorDesk(behind.replies, behind.errands, behind.witness)
    desk = Desk(errands=behind.errands, replies=behind.replies, errors=errors, ack_limit_s=behind.ack_limit_s)
    for feature in _features(behind, desk):
        feature.register(app)
    return app


def _features(behind: Behind, desk: Desk) -> tuple[Feature, ...]:
    """In the order in which Bolt asks them; the last takes whatever nobody wants."""
    jobs, admins, command, rate = behind.jobs, behind.admins, behind.command, CommandRate(behind.clock)
    asking = Asking(jobs=jobs, drafts=behind.drafts, replies=behind.replies)
    pictures = PeoplePictures(http=behind.http, api_url=behind.client.base_url)
    messages = MessagePictures(pictures=pictures, keep=jobs.keep_picture)
    forms = Forms(
        asking=asking, desk=desk, pictures=pictures, frames=behind.frames, takes_pictures=behind.takes_pictures
    )
    lookups = Lookups(
        jobs=jobs, doubts=behind.doubts, admins=admins, accounts=behind.accounts, clock=behind.clock, command=command
    )
    settings = _settings(behind, desk)
    return (
        CommandListener(
            command=command, asking=asking, lookups=lookups, forms=forms, settings=settings, desk=desk, rate=rate
        ),
        settings,
        FormListeners(forms=forms, desk=desk),
        ButtonListeners(asking=asking, lookups=lookups, forms=forms, desk=desk, card_seen=behind.card_seen),
        DraftListeners(asking=asking, forms=forms, lookups=lookups, desk=desk),
        DoubtListeners(doubts=behind.doubts, desk=desk),
        QuestionListeners(questions=behind.questions, happened=behind.happened, desk=desk),
        ShortcutListeners(forms=forms, pictures=messages, desk=desk),
        DirectListener(asking=asking, lookups=lookups, pictures=messages, events=behind.events, desk=desk, rate=rate),
        Fallbacks(desk=desk, command=command),
    )


def _settings(behind: Behind, desk: Desk) -> SettingsListeners:
    return SettingsListeners(
        admins=behind.admins,
        desk=desk,
        greets=behind.greets,
        refused_places=behind.refused_places,
        mails_to=behind.mails_to,
        command=behind.command,
    )


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
