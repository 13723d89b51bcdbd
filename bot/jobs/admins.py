"""Who may decide what only an admin may: known above this room, in the configuration and in Slack."""

from collections.abc import Awaitable, Callable, Collection

AdminsOf = Callable[[str], Awaitable[Collection[str]]]
"""The admins' user ids in a workspace."""
