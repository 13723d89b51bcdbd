"""Reads the settings, and says everything that is wrong with them at once and in words."""

import tomllib
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from bot.config.settings import Settings
from bot.config.storage import Storage

S = TypeVar("S", bound=Storage)


class SettingsError(Exception):
    """Everything wrong with the settings at once; `problems` are whole sentences."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def load(**given: Any) -> Settings:
    """Settings of this process; `given` wins over everything it finds.

    Raises:
        SettingsError: all problems together.
    """
    return _loaded(Settings, given)


def load_storage(**given: Any) -> Storage:
    """For who moves a database and serves nobody: no token is asked for.

    Raises:
        SettingsError: all problems together.
    """
    return _loaded(Storage, given)


def _loaded(kind: type[S], given: Mapping[str, Any]) -> S:
    try:
        return kind(**given)
    except ValidationError as error:
        raise SettingsError([_in_words(each) for each in error.errors()]) from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError([f"sora.toml cannot be read: {error}."]) from None


def _in_words(error: Mapping[str, Any]) -> str:
    where = ".".join(str(part) for part in error["loc"])
    what = str(error["msg"]).removeprefix("Value error, ")
    return f"{where}: {what}." if where else f"{what}."
