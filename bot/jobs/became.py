"""What became of a try, as a sentence goes on that begins with its service's name."""

_BECAME = {
    "capacity": "had no room for it",
    "rate_limited": "was too busy",
    "unreachable": "could not be reached",
    "timeout": "took too long",
    "auth": "cannot be used at the moment",
    "quota": "cannot be used at the moment",
    "retired": "does not make it any more",
    "lost": "did not get it",
    "": "did not answer",
}


def became(error_kind: str) -> str:
    """`error_kind` as an attempt keeps it; empty: none was heard."""
    return _BECAME.get(error_kind, "could not make it")
