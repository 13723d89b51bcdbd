"""Slack's way of saying no."""


class Refusal(Exception):
    """`{"ok": false, "error": code, ...}`. `more` is sent along: `needed`, `provided`, the blocks' problems."""

    def __init__(self, code: str, **more: object) -> None:
        super().__init__(code, more)
        self.code = code
        self.more = more


def invalid_arguments(*messages: str) -> Refusal:
    return Refusal("invalid_arguments", response_metadata={"messages": [f"[ERROR] {each}" for each in messages]})


class NotOffered(LookupError):
    """A person tried something the screen does not offer: a hidden button, an option that is not in the list."""
