"""`[models.NAME]` tables of `sora.toml`: models that an operator adds, or facts that he knows better than we do."""

import difflib
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from pydantic import ValidationError

from bot.catalogue.entries import ModelEntry
from bot.catalogue.loader import contradictions
from bot.catalogue.model import Catalogue, Model, Protocol
from bot.catalogue.own_facts import guessed, merged, shared, written
from bot.catalogue.own_models import known_as
from bot.catalogue.problems import CatalogueError
from bot.catalogue.table_problems import KEYS, in_words

SOURCE = "sora.toml"
_ABOUT = frozenset({"service", "like", "name"})
"""Keys that say what a table is about and are no facts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnServices:
    """Which services the tables may speak of."""

    accounts: Mapping[str, str]
    """From a service's name to the catalogue's key of its protocol."""
    servers: Mapping[str, str] = field(default_factory=dict)
    """The same of servers whose models are only those that the operator names: no price and no end is taken over."""

    @property
    def protocols(self) -> Mapping[str, str]:
        return {**self.accounts, **self.servers}


def with_own_tables(catalogue: Catalogue, tables: Mapping[str, Any], services: OwnServices) -> Catalogue:
    """The catalogue with the tables laid over it, under a version of its own.

    Raises:
        CatalogueError: every problem of every table, each with what would do.
    """
    if not tables:
        return catalogue
    reader = _Reader(catalogue, services)
    problems: list[str] = []
    of_servers: dict[str, dict[str, Model]] = {}
    models = {(each.name, each.protocol): each for each in catalogue.models}
    origins = {key: f"catalogue: models.{key[0]}" for key in models}
    for name, table in tables.items():
        where = f'sora.toml: [models."{name}"]'
        try:
            service, model = reader.read(name, table)
        except CatalogueError as error:
            problems += [f"{where}: {each}" for each in error.problems]
            continue
        if service in services.servers:
            problems += contradictions([model], catalogue.protocols, {(model.name, model.protocol): where})
            of_servers.setdefault(service, {})[model.name] = model
            continue
        key = model.name, model.protocol
        if key in models and models[key].own:
            problems.append(f"{where}: {model.name} stands here twice")
        models[key], origins[key] = model, where
    problems += contradictions(models.values(), catalogue.protocols, origins)
    if problems:
        raise CatalogueError(problems)
    content = f"{catalogue.version}\n{sorted((name, repr(table)) for name, table in tables.items())!r}"
    return replace(
        catalogue,
        version=hashlib.sha256(content.encode()).hexdigest()[:12],
        models=tuple(models.values()),
        unpriced=tuple(each for each in catalogue.unpriced if (each.name, each.protocol) not in models),
        of_servers={service: tuple(named.values()) for service, named in of_servers.items()},
    )


class _Reader:
    def __init__(self, catalogue: Catalogue, services: OwnServices) -> None:
        self._catalogue = catalogue
        self._services = services

    def read(self, key: str, table: Any) -> tuple[str, Model]:
        """Its service and the model that it makes.

        Raises:
            CatalogueError: what is wrong with this table, without saying which it is.
        """
        if not isinstance(table, dict):
            raise CatalogueError([f'must be a table, such as [models."{key}"] with price = "0.10/s"'])
        problems = list(_unknown_keys(table))
        said = {name: value for name, value in table.items() if name in KEYS}
        name = str(table.get("name", key))
        try:
            service = self._service(name, table.get("service"))
        except ValueError as error:
            raise CatalogueError([*problems, str(error)]) from None
        protocol = self._catalogue.protocols[self._services.protocols[service]]
        known = self._known(name, service, protocol)
        try:
            base = self._base(name, protocol, known, table.get("like"))
            laid = merged(base, said, known)
        except ValueError as error:
            raise CatalogueError([*problems, str(error)]) from None
        return service, _validated(known.name if known else name, laid, said, known, problems)

    def _service(self, name: str, said: Any) -> str:
        names = self._services.protocols
        if said is not None:
            if str(said) in names:
                return str(said)
            near = difflib.get_close_matches(str(said), names, n=1)
            meant = f" Did you mean {near[0]}?" if near else ""
            raise ValueError(f'service: there is no service "{said}" here.{meant} There are {", ".join(sorted(names))}')
        having = [each for each, key in self._services.accounts.items() if self._has(name, key)]
        if len(having) == 1:
            return having[0]
        if having:
            raise ValueError(f'several services have {name}; say which: service = "{having[0]}" (or {_or(having[1:])})')
        raise ValueError(f'say which service makes it: service = "{min(names)}" (there are {", ".join(sorted(names))})')

    def _has(self, name: str, key: str) -> bool:
        return _named(name, (each for each in self._catalogue.models if each.protocol == key)) is not None or any(
            each.name == name and each.protocol == key for each in self._catalogue.unpriced
        )

    def _known(self, name: str, service: str, protocol: Protocol) -> Model | None:
        """The entry that the table is about. On a server of one's own it becomes the operator's whole."""
        if service in self._services.accounts:
            return _named(name, (each for each in self._catalogue.models if each.protocol == protocol.key))
        return None

    def _base(self, name: str, protocol: Protocol, known: Model | None, like: Any) -> dict[str, Any]:
        """What is known before the table says anything."""
        if known is not None:
            return written(known)
        here = [each for each in self._catalogue.models if each.protocol == protocol.key]
        unpriced = next(
            (each for each in self._catalogue.unpriced if (each.name, each.protocol) == (name, protocol.key)), None
        )
        alike = _named(str(like), here) if like is not None else None
        if like is not None and alike is None:
            names = ", ".join(each.name for each in here) or "none"
            raise ValueError(f'like: {protocol.label} has no model "{like}" in the catalogue. It has {names}')
        if unpriced is not None:
            alike = alike or _named(unpriced.like, here)
            base = shared(name, protocol, alike) if alike is not None else guessed(name, protocol)
            return base | {"label": unpriced.label, "protocol": protocol.key} | dict(unpriced.facts)
        if alike is None and protocol.wire.get("unknown_model") is not None:
            alike = known_as(name, protocol, self._catalogue)
        if alike is not None:
            return shared(name, protocol, alike)
        return guessed(name, protocol)


def _named(name: str, models: Iterable[Model]) -> Model | None:
    wanted = name.casefold()
    return next((each for each in models if wanted in {each.name.casefold(), *map(str.casefold, each.aliases)}), None)


def _validated(
    name: str, merged: dict[str, Any], said: dict[str, Any], known: Model | None, problems: list[str]
) -> Model:
    own = tuple(sorted(said)) if known is not None else ("model",)
    source = f"{SOURCE} for {', '.join(own)}; else {known.source}" if known is not None else SOURCE
    defaults: dict[str, Any] = {
        "label": name, "class": "fast", "audio": "always", "seed": False, "prompt_limit": 2000,
        "prompt_unit": "characters", "typical_s": 150, "slow_s": 450, "receives": "the service",
    }  # fmt: skip
    table = defaults | merged | {"source": said.get("source", source)}
    table.setdefault("as_of", date(1970, 1, 1))
    try:
        model = ModelEntry.model_validate(table).model(name)
    except ValidationError as error:
        raise CatalogueError([*problems, *in_words(error)]) from None
    if problems:
        raise CatalogueError(problems)
    return replace(model, own=own, as_of=model.as_of if "as_of" in merged else None)


def _unknown_keys(table: Mapping[str, Any]) -> Iterable[str]:
    allowed = {*KEYS, *_ABOUT}
    for key in table.keys() - allowed:
        if isinstance(table[key], dict):
            yield f'{key}: unknown; a name with a dot stands in quotes, like [models."gemini-omni-1.2-flash"]'
            continue
        near = difflib.get_close_matches(key, allowed, n=1)
        meant = f"did you mean {near[0]}? " if near else ""
        yield f"{key}: unknown; {meant}A table may have {', '.join(sorted(allowed))}"


def _or(names: list[str]) -> str:
    return " or ".join(f'"{each}"' for each in names)
