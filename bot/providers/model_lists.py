"""A service's own list of models: where it lies and how it is read is the catalogue's `wire.model_list`."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import httpx

from bot.catalogue import model as catalogue
from bot.providers.answers import Call, tidy
from bot.providers.errors import CapacityFailed
from bot.providers.refusals import refusal
from bot.providers.transport import exchange

NAME_CHARACTERS_MAX = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedModels:
    names: frozenset[str]
    """All of them, as the wire calls them."""
    videos: Mapping[str, str] = field(default_factory=dict)
    """Those that look like video models, with the words the service has for them."""


@runtime_checkable
class ListsModels(Protocol):
    """An adapter whose service tells for free which models it has now."""

    async def models_now(self) -> ListedModels | None:
        """None: this variant has no such list."""


async def models_listed(
    client: httpx.AsyncClient, protocol: catalogue.Protocol, *, root: str = ""
) -> ListedModels | None:
    """Ask for the list. `root` stands before the path that the catalogue has.

    Raises:
        ProviderError: no list was answered.
    """
    how = protocol.wire.get("model_list")
    if how is None:
        return None
    answer = await exchange(client, Call.CHECK, "GET", f"{root}{how['path']}", timeout_s=protocol.status_timeout_s)
    if not answer.is_success:
        raise refusal(answer, Call.CHECK)
    items = answer.document
    for step in how["items"]:
        items = items.get(step) if isinstance(items, dict) else None
    if not isinstance(items, list | dict):
        raise CapacityFailed("an answer of another kind than a list of models", http_status=answer.status)
    named = dict(_named(items, how))
    looks = re.compile(how["videos"], re.IGNORECASE)
    return ListedModels(
        names=frozenset(named), videos={name: words for name, words in named.items() if looks.search(name)}
    )


def _named(items: list[Any] | dict[str, Any], how: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """Each model's name and its words; a list of objects, of names, or an object whose keys are the names."""
    for item in items:
        name = item.get(how["name"]) if isinstance(item, dict) else item
        if isinstance(name, str) and 0 < len(name) <= NAME_CHARACTERS_MAX:
            words = item.get(how.get("label", "")) if isinstance(item, dict) else None
            yield name.removeprefix(how.get("prefix", "")), tidy(words)[:60] if isinstance(words, str) else ""
