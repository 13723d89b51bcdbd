"""Who may watch requests come and go. Plugged in by `wiring`; nobody here knows what is made of it."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol


class Witness(Protocol):
    def attends(self, body: Mapping[str, Any]) -> AbstractContextManager[None]:
        """Around one request of Slack's, from its arrival until its answer is ready to go back."""

    def unexpected(self) -> None:
        """A listener failed in a way that nobody foresaw; the log has it."""


class Nobody:
    def attends(self, _body: Mapping[str, Any]) -> AbstractContextManager[None]:
        return nullcontext()

    def unexpected(self) -> None:
        pass


_: type[Witness] = Nobody
