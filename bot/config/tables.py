"""The tables of `sora.toml`: limits, what is said about a service, more servers."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from bot.config.written import Origin, Tier, VideosVariant


class LimitSetting(BaseModel):
    """One `[[limits]]` entry: at most so much for a scope in a period. USD or clips, or both."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    scope: Literal["person", "slack_channel", "workspace"]
    period: Literal["day", "month"]
    usd: float | None = Field(default=None, ge=0)
    clips: int | None = Field(default=None, ge=0)


class ServiceSetting(BaseModel):
    """One `[services.NAME]` table: what the operator knows better than the catalogue."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = ""
    in_flight_max: int | None = Field(default=None, ge=1)
    submits_per_minute: int | None = Field(default=None, ge=1)
    webhooks: bool | None = None
    priority: int = 0
    tier: Tier | None = None


class ServerSetting(BaseModel):
    """One `[servers.NAME]` table: a server that speaks `/v1/videos`, beside the one of the environment."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: Origin
    key: SecretStr | None = None
    models: str = ""
    variant: VideosVariant = "relay"
    label: str = ""
    tier: Tier = "relay"
    webhook_secret: SecretStr | None = None
    in_flight_max: int | None = Field(default=None, ge=1)
    submits_per_minute: int | None = Field(default=None, ge=1)


def _named_well(servers: dict[str, ServerSetting]) -> dict[str, ServerSetting]:
    """A server's name stands in the database and in addresses; two are ours."""
    for name in servers:
        if name in {"videos", "preview"} or not re.fullmatch(r"[a-z][a-z0-9_-]{0,31}", name):
            raise ValueError(
                f'"{name}" cannot be a server\'s name; take small letters and digits, not "videos" or "preview"'
            )
    return servers


Servers = Annotated[dict[str, ServerSetting], AfterValidator(_named_well)]
