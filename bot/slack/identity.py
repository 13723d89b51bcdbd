"""Who Slack says we are, asked once at the start."""

from collections.abc import Set
from dataclasses import dataclass

from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.failures import SlackFailure, TokenDead, slack_failures
from bot.slack.manifest import SCOPES


class TokenRefusedError(Exception):
    """Slack does not know the bot token (any more); nothing can work until an admin gives a new one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """`scopes` are those granted; all that we ask for, where Slack could not be asked."""

    bot_user_id: str
    scopes: Set[str]
    team_id: str = ""
    """Empty where Slack could not be asked."""


async def who_we_are(client: AsyncWebClient) -> Identity:
    """One `auth.test`. A Slack that is away does not keep us from starting: jobs go on, sockets keep trying.

    Raises:
        TokenRefusedError: there is no point in starting.
    """
    try:
        with slack_failures("auth.test"):
            told = await client.auth_test()
    except TokenDead as dead:
        raise TokenRefusedError(
            f"Slack refuses SLACK_BOT_TOKEN ({dead.code}). `sora-bot doctor` says where the right one is."
        ) from None
    except SlackFailure:
        return Identity(bot_user_id="", scopes={scope.name for scope in SCOPES})
    headers = {str(name).lower(): str(value) for name, value in told.headers.items()}
    granted = {each.strip() for each in headers.get("x-oauth-scopes", "").split(",") if each.strip()}
    return Identity(
        bot_user_id=str(told.get("user_id", "")),
        scopes=granted or {scope.name for scope in SCOPES},
        team_id=str(told.get("team_id", "")),
    )
