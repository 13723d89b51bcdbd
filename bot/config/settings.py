"""`Settings`: every setting of one process, and what must fit together."""

import re
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, model_validator

from bot.config.storage import Storage
from bot.config.tables import LimitSetting, Servers, ServerSetting, ServiceSetting
from bot.config.written import Bucket, MemberIds, MetricsToken, OriginOrNothing, Texts, VideosVariant, ZoneName
from bot.mail.address import MailAddressError, MailServer


class Settings(Storage):
    """What one process runs with. Times carry their unit in the name; secrets print as stars."""

    slack_bot_token: SecretStr | None = Field(default=None, alias="SLACK_BOT_TOKEN")
    slack_app_token: SecretStr | None = Field(default=None, alias="SLACK_APP_TOKEN")
    slack_signing_secret: SecretStr | None = Field(default=None, alias="SLACK_SIGNING_SECRET")
    slack_api_url: OriginOrNothing = Field(default="https://slack.com/api/", alias="SLACK_API_URL")
    port: int = Field(default=3000, alias="PORT", ge=0, le=65535)
    host: str = Field(default="0.0.0.0", alias="SORA_HOST")  # noqa: S104 - a container's port is published, not this
    spool: Path = Field(default=Path("data/spool"), alias="SORA_SPOOL")
    command: str = Field(default="/sora", alias="SORA_COMMAND", pattern=r"^/[a-z0-9_-]{1,31}$")
    public_url: OriginOrNothing = Field(default="", alias="SORA_PUBLIC_URL")
    time_zone: ZoneName = Field(default="UTC", alias="SORA_TIME_ZONE")
    confirm_above_usd: float = Field(default=1.0, alias="SORA_CONFIRM_ABOVE_USD", ge=0)
    retry_unknown_below_usd: float = Field(default=0.0, alias="SORA_RETRY_UNKNOWN_BELOW_USD", ge=0)
    running_max: int = Field(default=3, alias="SORA_RUNNING_MAX", ge=1, le=100)
    queued_max: int = Field(default=10, alias="SORA_QUEUED_MAX", ge=0, le=1000)
    admins: MemberIds = Field(default=(), alias="SORA_ADMINS")
    routing: Literal["official", "cheapest", "fastest"] = Field(default="official", alias="SORA_ROUTING")
    prefer: Texts = Field(default=(), alias="SORA_PREFER")
    disable: Texts = Field(default=(), alias="SORA_DISABLE")
    accept_reverse_risk: bool = Field(default=False, alias="SORA_ACCEPT_REVERSE_RISK")
    reverse_not_in: Texts = Field(default=(), alias="SORA_REVERSE_NOT_IN")
    when_all_down: Literal["queue", "try"] = Field(default="queue", alias="SORA_WHEN_ALL_DOWN")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(default="INFO", alias="SORA_LOG_LEVEL")
    log_format: Literal["auto", "json", "console"] = Field(default="auto", alias="SORA_LOG_FORMAT")
    metrics_token: MetricsToken | None = Field(default=None, alias="SORA_METRICS_TOKEN")
    smtp_url: SecretStr | None = Field(default=None, alias="SORA_SMTP_URL")
    mail_from: str = Field(default="", alias="SORA_MAIL_FROM")
    mail_to: Texts = Field(default=(), alias="SORA_MAIL_TO")
    fal_key: SecretStr | None = Field(default=None, alias="FAL_KEY")
    fal_in_flight_max: int | None = Field(default=None, alias="SORA_FAL_IN_FLIGHT_MAX", ge=1)
    fal_url: OriginOrNothing = Field(default="", alias="SORA_FAL_URL")
    runway_key: SecretStr | None = Field(default=None, alias="RUNWAYML_API_SECRET")
    gemini_key: SecretStr | None = Field(default=None, alias="GEMINI_API_KEY")
    gemini_webhook_secret: SecretStr | None = Field(default=None, alias="SORA_GEMINI_WEBHOOK_SECRET")
    ark_key: SecretStr | None = Field(default=None, alias="ARK_API_KEY")
    ark_variant: Literal["byteplus", "volcengine"] = Field(default="byteplus", alias="SORA_ARK_VARIANT")
    volcengine_key: SecretStr | None = Field(default=None, alias="VOLCENGINE_API_KEY")
    apiyi_key: SecretStr | None = Field(default=None, alias="APIYI_API_KEY")
    google_credentials: Path | None = Field(default=None, alias="GOOGLE_APPLICATION_CREDENTIALS")
    google_project: str = Field(default="", alias="GOOGLE_CLOUD_PROJECT")
    google_location: str = Field(default="us-central1", alias="GOOGLE_CLOUD_LOCATION", pattern=r"^[a-z0-9-]{1,60}$")
    vertex_bucket: Bucket = Field(default="", alias="SORA_VERTEX_BUCKET")
    siliconflow_key: SecretStr | None = Field(default=None, alias="SILICONFLOW_API_KEY")
    luma_key: SecretStr | None = Field(default=None, alias="LUMA_AGENTS_API_KEY")
    kling_key: SecretStr | None = Field(default=None, alias="KLING_API_KEY")
    kling_webhook_secret: SecretStr | None = Field(default=None, alias="SORA_KLING_WEBHOOK_SECRET")
    kling_access_key: SecretStr | None = Field(default=None, alias="KLING_ACCESS_KEY")
    kling_secret_key: SecretStr | None = Field(default=None, alias="KLING_SECRET_KEY")
    replicate_key: SecretStr | None = Field(default=None, alias="REPLICATE_API_TOKEN")
    dashscope_key: SecretStr | None = Field(default=None, alias="DASHSCOPE_API_KEY")
    dashscope_region: Literal["intl", "china"] = Field(default="intl", alias="SORA_DASHSCOPE_REGION")
    minimax_key: SecretStr | None = Field(default=None, alias="MINIMAX_API_KEY")
    xai_key: SecretStr | None = Field(default=None, alias="XAI_API_KEY")
    openrouter_key: SecretStr | None = Field(default=None, alias="OPENROUTER_API_KEY")
    openrouter_webhook_secret: SecretStr | None = Field(default=None, alias="OPENROUTER_WEBHOOK_SECRET")
    wavespeed_key: SecretStr | None = Field(default=None, alias="WAVESPEED_API_KEY")
    wavespeed_webhook_secret: SecretStr | None = Field(default=None, alias="SORA_WAVESPEED_WEBHOOK_SECRET")
    low_balance_videos: int = Field(default=5, alias="SORA_LOW_BALANCE_VIDEOS", ge=0)
    services: dict[str, ServiceSetting] = {}
    models: dict[str, Any] = {}
    """Tables of models as they were written; the catalogue reads them."""
    servers: Servers = {}
    videos_url: OriginOrNothing = Field(default="", alias="SORA_VIDEOS_URL")
    videos_key: SecretStr | None = Field(default=None, alias="SORA_VIDEOS_KEY")
    videos_models: str = Field(default="", alias="SORA_VIDEOS_MODELS")
    videos_variant: VideosVariant = Field(default="relay", alias="SORA_VIDEOS_VARIANT")
    videos_label: str = Field(default="", alias="SORA_VIDEOS_LABEL")
    videos_tier: Literal["relay", "self_hosted", "reverse"] = Field(default="relay", alias="SORA_VIDEOS_TIER")
    videos_webhook_secret: SecretStr | None = Field(default=None, alias="SORA_VIDEOS_WEBHOOK_SECRET")
    videos_in_flight_max: int | None = Field(default=None, alias="SORA_VIDEOS_IN_FLIGHT_MAX", ge=1)
    videos_submits_per_minute: int | None = Field(default=None, alias="SORA_VIDEOS_SUBMITS_PER_MINUTE", ge=1)
    beat_s: float = Field(default=5.0, alias="SORA_BEAT_S", gt=0)
    fence_after_s: float = Field(default=20.0, alias="SORA_FENCE_AFTER_S", gt=0)
    recover_after_s: float = Field(default=30.0, alias="SORA_RECOVER_AFTER_S", gt=0)
    limits: tuple[LimitSetting, ...] = (
        LimitSetting(scope="person", period="day", usd=5.0),
        LimitSetting(scope="workspace", period="month", usd=50.0),
    )

    @model_validator(mode="after")
    def _mail_is_whole(self) -> "Settings":
        if self.smtp_url is None:
            return self
        try:
            MailServer.at(self.smtp_url.get_secret_value())
        except MailAddressError as error:
            raise ValueError(f"SORA_SMTP_URL {error}") from None
        if not self.mail_from or not self.mail_to:
            raise ValueError("SORA_SMTP_URL is set, so e-mails need SORA_MAIL_FROM and SORA_MAIL_TO too")
        wrong = [each for each in (self.mail_from, *self.mail_to) if not re.fullmatch(r"[^@\s<>,]+@[^@\s<>,]+", each)]
        if wrong:
            raise ValueError(f'SORA_MAIL_FROM, SORA_MAIL_TO: "{wrong[0]}" is no e-mail address')
        return self

    @model_validator(mode="after")
    def _slack_can_reach_us(self) -> "Settings":
        if self.slack_bot_token is None:
            raise ValueError("SLACK_BOT_TOKEN is missing. Your app's page, OAuth & Permissions, shows it (xoxb-...)")
        if self.slack_app_token is None and self.slack_signing_secret is None:
            raise ValueError(
                "Set SLACK_APP_TOKEN (xapp-..., for Socket Mode, the simple way) or SLACK_SIGNING_SECRET (for HTTP)"
            )
        return self

    @model_validator(mode="after")
    def _one_key_for_one_account(self) -> "Settings":
        if self.ark_key is not None and self.volcengine_key is not None and self.ark_variant == "volcengine":
            raise ValueError(
                "ARK_API_KEY (with SORA_ARK_VARIANT=volcengine) and VOLCENGINE_API_KEY are for one and the same service"
                "; keep one of them"
            )
        return self

    @model_validator(mode="after")
    def _vertex_is_whole(self) -> "Settings":
        """Only the bucket says that Vertex is wanted: the others may be there for another program's sake."""
        if not self.vertex_bucket:
            return self
        missing = [
            name
            for name, said in (
                ("GOOGLE_APPLICATION_CREDENTIALS", self.google_credentials),
                ("GOOGLE_CLOUD_PROJECT", self.google_project),
            )
            if not said
        ]
        if missing:
            raise ValueError(f"SORA_VERTEX_BUCKET is set, so Veo on Vertex needs {' and '.join(missing)} too")
        if self.google_credentials is not None and not self.google_credentials.is_file():
            raise ValueError(f"GOOGLE_APPLICATION_CREDENTIALS: there is no file {self.google_credentials}")
        return self

    @model_validator(mode="after")
    def _beats_are_in_sequence(self) -> "Settings":
        if not self.beat_s < self.fence_after_s < self.recover_after_s:
            raise ValueError("SORA_BEAT_S must be below SORA_FENCE_AFTER_S, and that below SORA_RECOVER_AFTER_S")
        return self

    def service(self, name: str) -> ServiceSetting:
        """What was said about this service; fal has two settings of its own as well."""
        said = self.services.get(name, ServiceSetting())
        if name != "fal":
            return said
        bounds = {"url": self.fal_url or said.url, "in_flight_max": self.fal_in_flight_max or said.in_flight_max}
        return said.model_copy(update=bounds)

    @property
    def videos_servers(self) -> dict[str, ServerSetting]:
        """Every `/v1/videos` server by its name; the one of the environment is called `videos`."""
        if not self.videos_url:
            return self.servers
        ours = ServerSetting(
            url=self.videos_url,
            key=self.videos_key,
            models=self.videos_models,
            variant=self.videos_variant,
            label=self.videos_label,
            tier=self.videos_tier,
            webhook_secret=self.videos_webhook_secret,
            in_flight_max=self.videos_in_flight_max,
            submits_per_minute=self.videos_submits_per_minute,
        )
        return {"videos": ours, **self.servers}

    @property
    def bot_token(self) -> str | None:
        return self.slack_bot_token.get_secret_value() if self.slack_bot_token is not None else None

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)
