"""A call's arguments, however they came: JSON, form, multipart or query."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from bot.demo.slack.refusals import Refusal, invalid_arguments


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    told: Mapping[str, Any]
    is_json: bool = False

    def has(self, name: str) -> bool:
        return self.told.get(name) is not None

    def text(self, name: str) -> str:
        """A string, empty when it was not given."""
        value = self.told.get(name)
        return "" if value is None else str(value)

    def needed(self, name: str) -> str:
        """A string that must be there.

        Raises:
            Refusal: `invalid_arguments`.
        """
        value = self.text(name)
        if not value:
            raise invalid_arguments(f"missing required field: {name}")
        return value

    def parsed(self, name: str) -> Any:
        """A JSON value: as it is in a JSON body, as a string in a form.

        Raises:
            Refusal: `invalid_arguments`; for blocks `invalid_blocks_format`.
        """
        value = self.told.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError:
            if name == "blocks":
                raise Refusal("invalid_blocks_format") from None
            raise invalid_arguments(f"{name} is not JSON") from None

    def flag(self, name: str) -> bool:
        return self.told.get(name) in {True, "true", "1"}


async def read(request: web.Request) -> Arguments:
    """Query first, body over it.

    Raises:
        Refusal: `invalid_json`, `json_not_object`.
    """
    told: dict[str, Any] = dict(request.query)
    if request.content_type == "application/json":
        body = await request.text()
        try:
            parsed = json.loads(body or "{}")
        except ValueError:
            raise Refusal("invalid_json") from None
        if not isinstance(parsed, dict):
            raise Refusal("json_not_object")
        return Arguments(told=told | parsed, is_json=True)
    if request.method == "POST":
        told |= {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    return Arguments(told=told)
