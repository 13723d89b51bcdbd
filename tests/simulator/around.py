"""What a planted bug is made of."""

from typing import Any


class Around:
    """Everything of the wrapped room that the bug leaves alone."""

    def __init__(self, room: Any) -> None:
        self._room = room

    def __getattr__(self, name: str) -> Any:
        return getattr(self._room, name)
