"""Where everything is kept, which is all that a command needs that moves it; and where settings are read from."""

from pydantic import Field
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)


class Storage(BaseSettings):
    """Where everything is kept: all that is needed to move it elsewhere."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        toml_file="sora.toml",
        extra="ignore",
        frozen=True,
        populate_by_name=True,
    )

    database_url: str = Field(default="sqlite:///data/sora.sqlite", alias="SORA_DATABASE_URL")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the library's signature
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment wins over `.env`, and that over `sora.toml`."""
        return (init_settings, env_settings, dotenv_settings, TomlConfigSettingsSource(settings_cls))
