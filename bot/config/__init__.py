"""What an operator says, from the environment, `.env` and `sora.toml`, checked together. See README.md."""

from bot.config.loading import SettingsError, load, load_storage
from bot.config.settings import Settings
from bot.config.storage import Storage
from bot.config.tables import LimitSetting, ServerSetting, ServiceSetting

__all__ = [
    "LimitSetting",
    "ServerSetting",
    "ServiceSetting",
    "Settings",
    "SettingsError",
    "Storage",
    "load",
    "load_storage",
]
