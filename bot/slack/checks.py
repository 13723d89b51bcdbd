"""Looks at tokens before anybody relies on them: what each is, whether it works, and where the right one is found."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.manifest import SCOPES

WHERE_THE_BOTS_IS = "your app's page, OAuth & Permissions, Bot User OAuth Token (xoxb-...); install the app there first"
WHERE_THE_APPS_IS = (
    "your app's page, Basic Information, App-Level Tokens: generate one with the scope connections:write (xapp-...)"
)
PATIENCE_S = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenFinding:
    """`problem` is empty when the token works; else what is wrong and where the right one is."""

    problem: str = ""
    team: str = ""
    bot: str = ""
    missing_scopes: tuple[str, ...] = ()
    clock_off_s: float = 0.0


async def check_bot_token(token: str, *, api_url: str, now: datetime) -> TokenFinding:
    """One free `auth.test`."""
    if not token.startswith("xoxb-"):
        return TokenFinding(problem=_not_that_one(token, wanted="xoxb-", place=WHERE_THE_BOTS_IS))
    try:
        answer = await AsyncWebClient(token=token, base_url=api_url, timeout=PATIENCE_S).auth_test()
    except SlackApiError as error:
        return TokenFinding(problem=_refused(error, WHERE_THE_BOTS_IS))
    except (aiohttp.ClientError, TimeoutError, OSError):
        return TokenFinding(problem=_unreachable(api_url))
    headers = {str(name).lower(): value for name, value in answer.headers.items()}
    return TokenFinding(
        team=str(answer.get("team", "")),
        bot=str(answer.get("user", "")),
        missing_scopes=_missing(headers),
        clock_off_s=_clock_off_s(headers, now),
    )


async def check_app_token(token: str, *, api_url: str) -> TokenFinding:
    """One `apps.connections.open`; the address it gives is not used."""
    if not token.startswith("xapp-"):
        return TokenFinding(problem=_not_that_one(token, wanted="xapp-", place=WHERE_THE_APPS_IS))
    try:
        await AsyncWebClient(base_url=api_url, timeout=PATIENCE_S).apps_connections_open(app_token=token)
    except SlackApiError as error:
        return TokenFinding(problem=_refused(error, WHERE_THE_APPS_IS))
    except (aiohttp.ClientError, TimeoutError, OSError):
        return TokenFinding(problem=_unreachable(api_url))
    return TokenFinding()


def _not_that_one(token: str, *, wanted: str, place: str) -> str:
    kinds = {
        "xoxb-": "a bot token",
        "xapp-": "an app-level token",
        "xoxp-": "a user token",
        "xoxe": "a configuration token",
    }
    kind = next((words for prefix, words in kinds.items() if token.startswith(prefix)), "not a Slack token")
    return f"That is {kind}; this one begins with {wanted}. You find it on {place}."


def _refused(error: SlackApiError, place: str) -> str:
    code = str(error.response.get("error", "unknown"))
    why = {
        "invalid_auth": "Slack does not know this token",
        "not_authed": "Slack got no token",
        "account_inactive": "the app was removed from the workspace",
        "token_revoked": "the token was revoked",
        "token_expired": "the token has expired",
        "missing_scope": f"it lacks the scope {error.response.get('needed', '')}",
        "not_allowed_token_type": "it is another kind of token",
    }.get(code, f"Slack said {code}")
    return f"It does not work: {why}. The right one is on {place}."


def _unreachable(api_url: str) -> str:
    return f"{api_url} cannot be reached from here. Check the network, and HTTPS_PROXY if you need one."


def _missing(headers: Mapping[str, str]) -> tuple[str, ...]:
    granted = {each.strip() for each in headers.get("x-oauth-scopes", "").split(",") if each.strip()}
    return tuple(scope.name for scope in SCOPES if scope.name not in granted) if granted else ()


def _clock_off_s(headers: Mapping[str, str], now: datetime) -> float:
    date = headers.get("date")
    return (now - parsedate_to_datetime(date)).total_seconds() if date else 0.0
