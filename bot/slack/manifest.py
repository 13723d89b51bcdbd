"""The Slack app's manifest, both ways of being reached from one template. `manifest.yml` is its Socket Mode form.

Fields and limits: slackapi/manifest-schema, July 2026 (2.0.0). An optional scope stands in `bot` and in `bot_optional`.
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import yaml

from bot.slack.ids import CallbackId


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    name: str
    why: str
    without: str
    """What is off when it is refused; empty: the bot cannot run."""
    optional: bool = False


SCOPES = (
    Scope(name="commands", why="the slash command and the shortcuts", without=""),
    Scope(name="chat:write", why="cards, answers and direct messages", without=""),
    Scope(name="files:write", why="put the finished MP4 into the thread", without=""),
    Scope(name="im:history", why="read what people write to the bot directly", without="direct messages are not read"),
    Scope(
        name="files:read",
        why="take a person's picture as first frame; see that a file has appeared",
        without="no pictures; a delivered video is marked unconfirmed",
        optional=True,
    ),
    Scope(
        name="channels:join",
        why="join a public channel when somebody presses Add me and start",
        without="the button is replaced by the /invite line",
        optional=True,
    ),
    Scope(
        name="channels:read",
        why="know a public channel's kind before asking to join it",
        without="Add me and start is offered without looking first",
        optional=True,
    ),
    Scope(
        name="groups:read",
        why="the same for private channels the bot is in",
        without="nothing a person would notice",
        optional=True,
    ),
    Scope(
        name="users:read",
        why="find a person's time zone for words like today",
        without="the workspace's time zone is used",
        optional=True,
    ),
)
EVENTS = ("app_uninstalled", "message.im", "tokens_revoked")


def manifest(*, command: str = "/sora", url: str | None = None) -> dict[str, Any]:
    """The manifest as a dict. `url` is the bot's public https origin for HTTP mode; None means Socket Mode."""
    entrance = None if url is None else f"{url.rstrip('/')}/slack/events"
    slash = {
        "command": command,
        "description": "Make an AI video",
        "usage_hint": "[prompt | help | status | quota]",
        "should_escape": False,
    }
    events: dict[str, Any] = {"bot_events": list(EVENTS)}
    interactivity: dict[str, Any] = {"is_enabled": True}
    if entrance is not None:
        slash["url"] = events["request_url"] = interactivity["request_url"] = entrance
    return {
        "_metadata": {"major_version": 2, "minor_version": 1},
        "display_information": {
            "name": "Sora",
            "description": "Short AI videos, priced before you click",
            "background_color": "#1d1c1d",
        },
        "features": {
            "app_home": {
                "home_tab_enabled": False,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": False,
            },
            "bot_user": {"display_name": "sora", "always_online": True},
            "shortcuts": [
                {
                    "name": "Make a video",
                    "type": "global",
                    "callback_id": CallbackId.MAKE.value,
                    "description": "Open the video form",
                },
                {
                    "name": "Make a video from this",
                    "type": "message",
                    "callback_id": CallbackId.FROM_MESSAGE.value,
                    "description": "Use this message's text or picture, answer in its thread",
                },
            ],
            "slash_commands": [slash],
        },
        "oauth_config": {
            "scopes": {
                "bot": [scope.name for scope in SCOPES],
                "bot_optional": [scope.name for scope in SCOPES if scope.optional],
            }
        },
        "settings": {
            "event_subscriptions": events,
            "interactivity": interactivity,
            "org_deploy_enabled": False,
            "socket_mode_enabled": entrance is None,
            "token_rotation_enabled": False,
        },
    }


def as_yaml(told: dict[str, Any]) -> str:
    return yaml.safe_dump(told, sort_keys=False, allow_unicode=True, width=110)


def creation_link(told: dict[str, Any]) -> str:
    """Opens Slack's page that creates the app with everything filled in."""
    return "https://api.slack.com/apps?new_app=1&manifest_yaml=" + quote(as_yaml(told), safe="")
