"""A small language in which the table of limits is written. Each shape finds what is wrong and where."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

Problem = tuple[str, str]
"""Words and a JSON pointer, as Slack gives them in `response_metadata.messages`."""


class Shape(Protocol):
    def problems(self, value: Any, at: str) -> Iterator[Problem]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A bare string."""

    most: int
    least: int = 0
    among: frozenset[str] = frozenset()

    def problems(self, value: Any, at: str) -> Iterator[Problem]:
        if not isinstance(value, str):
            yield "must be a string", at
        elif len(value) > self.most:
            yield f"must be less than {self.most + 1} characters", at
        elif len(value) < self.least:
            yield f"must be more than {self.least - 1} characters", at
        elif self.among and value not in self.among:
            yield f"must be one of {sorted(self.among)}", at


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    least: float = float("-inf")
    most: float = float("inf")

    def problems(self, value: Any, at: str) -> Iterator[Problem]:
        if isinstance(value, bool) or not isinstance(value, int | float):
            yield "must be a number", at
        elif not self.least <= value <= self.most:
            yield f"must be between {self.least} and {self.most}", at


@dataclass(frozen=True, slots=True)
class Truth:
    def problems(self, value: Any, at: str) -> Iterator[Problem]:
        if not isinstance(value, bool):
            yield "must be a boolean", at


@dataclass(frozen=True, slots=True)
class Anything:
    def problems(self, value: Any, at: str) -> Iterator[Problem]:  # noqa: ARG002 - it is a Shape
        yield from ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Many:
    """A list."""

    of: Shape
    most: int
    least: int = 1

    def problems(self, value: Any, at: str) -> Iterator[Problem]:
        if not isinstance(value, list):
            yield "must be an array", at
            return
        if len(value) > self.most:
            yield f"no more than {self.most} items allowed", at
        if len(value) < self.least:
            yield f"no fewer than {self.least} items required", at
        for index, each in enumerate(value):
            yield from self.of.problems(each, f"{at}/{index}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """An object with known fields. `one_of`: at least one of these is needed; `not_both`: at most one of each group."""

    needs: Mapping[str, Shape] = field(default_factory=dict)
    may: Mapping[str, Shape] = field(default_factory=dict)
    one_of: Sequence[str] = ()
    not_both: Sequence[Sequence[str]] = ()

    def problems(self, value: Any, at: str) -> Iterator[Problem]:
        if not isinstance(value, dict):
            yield "must be an object", at
            return
        for name in self.needs:
            if value.get(name) is None:
                yield f"missing required field: {name}", at
        for name, inner in value.items():
            shape = self.needs.get(name) or self.may.get(name)
            if shape is None:
                yield f"invalid additional property: {name}", at
            elif inner is not None:
                yield from shape.problems(inner, f"{at}/{name}")
        if self.one_of and all(value.get(name) is None for name in self.one_of):
            yield f"one of {', '.join(self.one_of)} is required", at
        for group in self.not_both:
            if sum(value.get(name) is not None for name in group) > 1:
                yield f"only one of {', '.join(group)} is allowed", at


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """An object whose `type` says which shape it has; `only` narrows the types allowed in this place."""

    table: Mapping[str, Shape]
    only: frozenset[str] = frozenset()

    def problems(self, value: Any, at: str) -> Iterator[Problem]:
        if not isinstance(value, dict):
            yield "must be an object", at
            return
        kind = value.get("type")
        if not isinstance(kind, str) or kind not in self.table:
            yield f"unsupported type: {kind}", f"{at}/type"
        elif self.only and kind not in self.only:
            yield f"unsupported type here: {kind}", f"{at}/type"
        else:
            yield from self.table[kind].problems({name: each for name, each in value.items() if name != "type"}, at)
