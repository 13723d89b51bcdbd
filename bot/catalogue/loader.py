"""From TOML files to a frozen catalogue. Everything wrong is said at once, in words, with file and key."""

import hashlib
import tomllib
from collections.abc import Iterable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from bot.catalogue.entries import Entry, ModelEntry, ProtocolEntry, UnpricedEntry
from bot.catalogue.model import Billing, Catalogue, Model, Protocol, Unpriced
from bot.catalogue.own_models import own_models
from bot.catalogue.problems import CatalogueError

__all__ = ["CatalogueError", "load_catalogue", "own_models"]

_E = TypeVar("_E", bound=Entry)
_ROOMS = {"protocols", "models", "unpriced"}


def load_catalogue(*extra: Path) -> Catalogue:
    """The package's files, then `extra`, whose entries replace those of the same key (models: name and protocol).

    Raises:
        CatalogueError: with every problem of every file.
    """
    packaged = sorted((each for each in files("bot.catalogue").iterdir() if each.name.endswith(".toml")), key=_name)
    contents = [(each.name, each.read_bytes()) for each in packaged]
    problems: list[str] = []
    for path in extra:
        try:
            contents.append((path.name, path.read_bytes()))
        except OSError as error:
            problems.append(f"{path}: cannot be read: {error.strerror}")
    protocols: dict[str, Protocol] = {}
    models: dict[tuple[str, str], Model] = {}
    unpriced: dict[tuple[str, str], Unpriced] = {}
    origins: dict[tuple[str, str], str] = {}
    for name, content in contents:
        read = _File(name, content, problems)
        protocols |= read.protocols()
        for model in read.models():
            models[model.name, model.protocol] = model
            origins[model.name, model.protocol] = name
        unpriced |= {(each.name, each.protocol): each for each in read.unpriced()}
    where = {key: f"{file}: models.{key[0]}" for key, file in origins.items()}
    problems += contradictions(models.values(), protocols, where)
    if problems:
        raise CatalogueError(problems)
    return Catalogue(
        version=_version(contents),
        protocols=protocols,
        models=tuple(models.values()),
        unpriced=tuple(each for key, each in unpriced.items() if key not in models),
    )


def _name(file: Any) -> str:
    return str(file.name)


def _version(contents: Iterable[tuple[str, bytes]]) -> str:
    """Twelve hex digits of what was read, the same on every machine."""
    digest = hashlib.sha256()
    for name, content in contents:
        digest.update(f"{name}\n{len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()[:12]


class _File:
    """One file on its way; problems go onto the shared list and leave their entry out."""

    def __init__(self, name: str, content: bytes, problems: list[str]) -> None:
        self._name, self._problems = name, problems
        try:
            self._tables: Mapping[str, Any] = tomllib.loads(content.decode())
        except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            self._tables = {}
            problems.append(f"{name}: not TOML: {error}")
        for room in self._tables.keys() - _ROOMS:
            problems.append(f"{name}: {room}: unknown; a catalogue holds [protocols.*] and [models.*]")

    def protocols(self) -> dict[str, Protocol]:
        return {key: entry.protocol(key) for key, entry in self._entries("protocols", ProtocolEntry)}

    def models(self) -> list[Model]:
        return [entry.model(name) for name, entry in self._entries("models", ModelEntry)]

    def unpriced(self) -> list[Unpriced]:
        return [entry.unpriced(name) for name, entry in self._entries("unpriced", UnpricedEntry)]

    def _entries(self, room: str, kind: type[_E]) -> Iterable[tuple[str, _E]]:
        for key, table in self._room(room):
            try:
                yield key, kind.model_validate(table)
            except ValidationError as error:
                self._report(room, key, error)

    def _room(self, room: str) -> Iterable[tuple[str, Any]]:
        tables = self._tables.get(room, {})
        if isinstance(tables, dict):
            return tables.items()
        self._problems.append(f"{self._name}: {room}: must be tables, [{room}.name]")
        return ()

    def _report(self, room: str, key: str, error: ValidationError) -> None:
        for each in error.errors(include_url=False):
            place = ".".join((room, key, *(str(part) for part in each["loc"])))
            words = "give it one; unknown is never free" if each["loc"] == ("price",) else each["msg"]
            self._problems.append(f"{self._name}: {place}: {words.removeprefix('Value error, ')}")


def contradictions(
    models: Iterable[Model], protocols: Mapping[str, Protocol], origins: Mapping[tuple[str, str], str]
) -> Iterable[str]:
    """What only shows when everything is together; `origins` says where a model stands, by name and protocol."""
    taken: dict[tuple[str, str], str] = {}
    for model in models:
        where = origins[model.name, model.protocol]
        if model.protocol not in protocols:
            yield f"{where}.protocol: there is no [protocols.{model.protocol!r}]"
        for name in (model.name, *model.aliases):
            first = taken.setdefault((model.protocol, name.lower()), model.name)
            if first != model.name:
                yield f"{where}: the name {name!r} belongs to {first} already"
        if model.price.billing is not Billing.FREE:
            for resolution in model.resolutions:
                if resolution not in model.price.usd_micros:
                    yield f'{where}.price: no price for {resolution}; give it one: usd = {{ {resolution} = "0.10" }}'
