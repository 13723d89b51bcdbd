"""The one installed app: what its manifest allows, and its tokens."""

import secrets
from dataclasses import dataclass, field
from typing import Any, Self


@dataclass(slots=True, kw_only=True)
class App:
    """`scopes` is what the admin granted; a test takes one away to play a declined optional scope."""

    id: str
    user_id: str
    bot_id: str
    name: str
    scopes: set[str]
    commands: dict[str, bool]
    """Slash command to its `should_escape`."""
    shortcuts: dict[str, str]
    """Callback id to `message` or `global`."""
    events: set[str]
    socket_mode: bool
    has_home: bool
    has_messages_tab: bool
    bot_token: str = field(default_factory=lambda: f"xoxb-local-{secrets.token_hex(12)}")
    app_token: str = field(default_factory=lambda: f"xapp-1-local-{secrets.token_hex(12)}")
    signing_secret: str = field(default_factory=lambda: secrets.token_hex(16))
    verification_token: str = field(default_factory=lambda: secrets.token_hex(12))
    events_url: str = ""
    """Where signed HTTP deliveries go when no socket is open."""
    is_revoked: bool = False

    @classmethod
    def from_manifest(cls, manifest: dict[str, Any], *, id: str, user_id: str, bot_id: str) -> Self:
        features, settings = manifest.get("features") or {}, manifest.get("settings") or {}
        home = features.get("app_home") or {}
        subscriptions = settings.get("event_subscriptions") or {}
        return cls(
            id=id,
            user_id=user_id,
            bot_id=bot_id,
            name=str((features.get("bot_user") or {}).get("display_name") or "app"),
            scopes=set(((manifest.get("oauth_config") or {}).get("scopes") or {}).get("bot") or []),
            commands={
                each["command"]: bool(each.get("should_escape")) for each in features.get("slash_commands") or []
            },
            shortcuts={each["callback_id"]: each["type"] for each in features.get("shortcuts") or []},
            events=set(subscriptions.get("bot_events") or []),
            socket_mode=bool(settings.get("socket_mode_enabled", True)),
            has_home=bool(home.get("home_tab_enabled")),
            has_messages_tab=bool(home.get("messages_tab_enabled", True)),
            events_url=str(subscriptions.get("request_url") or ""),
        )


STRANGER = {
    "display_information": {"name": "Stranger"},
    "features": {
        "app_home": {"home_tab_enabled": True, "messages_tab_enabled": True},
        "bot_user": {"display_name": "sora"},
        "shortcuts": [
            {"name": "Make", "type": "global", "callback_id": "sora_create", "description": "-"},
            {"name": "Make from this", "type": "message", "callback_id": "sora_from_message", "description": "-"},
        ],
        "slash_commands": [{"command": "/sora", "description": "-", "should_escape": False}],
    },
    "oauth_config": {
        "scopes": {
            "bot": [
                "app_mentions:read", "channels:join", "channels:read", "chat:write", "commands", "files:read",
                "files:write", "groups:read", "im:history", "im:write", "users:read",
            ]
        }
    },
    "settings": {
        "event_subscriptions": {
            "bot_events": ["app_home_opened", "app_mention", "app_uninstalled", "message.im", "tokens_revoked"]
        },
        "interactivity": {"is_enabled": True},
        "socket_mode_enabled": True,
    },
}  # fmt: skip
"""The manifest when nobody gives one: wide enough for any small app."""
