"""What Runway's refusals and failed tasks mean.

An HTTP refusal is `{"error": words}`, sometimes with the problems of single fields; a failed task has a dotted
`failureCode`, of which the first parts decide. Sources: Runway's pages on errors and on task failures, runwayml 5.24.0
and section 13 of the provider facts, read 2026-11-21.
"""

import re
from collections.abc import Set
from typing import Any, Final

from bot.providers.answers import Answer, Call, tidy
from bot.providers.errors import (
    CapacityFailed,
    InvalidRequest,
    Moderated,
    ProviderError,
    QuotaExhausted,
)
from bot.providers.verdicts import error_of

NO_CREDITS: Final = re.compile(r"enough credits", re.I)
"""Runway says it with a 400 like any wrong input; several operators kept the sentence (2026-08 and 2026-09)."""

_KINDS: Final[tuple[tuple[str, type[ProviderError]], ...]] = (
    ("SAFETY", Moderated),
    ("INPUT_PREPROCESSING.SAFETY", Moderated),
    ("ASSET.INVALID", InvalidRequest),
    ("THIRD_PARTY.INPUT_VALIDATION", InvalidRequest),
)
"""Everything else, INTERNAL, THIRD_PARTY.UNAVAILABLE and no code at all, Runway advises to try again."""


def refusal(answer: Answer, call: Call, *, not_accepted: Set[tuple[int, str]] = frozenset()) -> ProviderError:
    """The error that an answer without success is."""
    document = answer.fields
    words, code = _words(document) or answer.text, document.get("code")
    code = code if isinstance(code, str) else ""
    shared = error_of(answer, call=call, code=code, message=words, not_accepted=not_accepted)
    if answer.status == 400 and NO_CREDITS.search(words):
        return QuotaExhausted(
            shared.detail, code=shared.code, http_status=shared.http_status, request_id=shared.request_id
        )
    return shared


def failure_of(task: dict[str, Any]) -> ProviderError:
    """Why a FAILED or CANCELLED task ended. Runway's sentence is kept: it is written for people, its codes are not."""
    code, words = task.get("failureCode"), task.get("failure")
    code = code if isinstance(code, str) else ""
    kind = next((kind for start, kind in _KINDS if code == start or code.startswith(f"{start}.")), CapacityFailed)
    told = tidy(words) if isinstance(words, str) else ""
    return kind(f"Runway says: {told or task.get('status')}", code=tidy(code)[:100])


def _words(document: dict[str, Any]) -> str:
    """The sentence, and which fields it is about. Never a field's value: it may be the person's own words."""
    said = document.get("error")
    issues = document.get("issues")
    told = [said] if isinstance(said, str) else []
    for issue in issues[:3] if isinstance(issues, list) else ():
        if isinstance(issue, dict) and isinstance(message := issue.get("message"), str):
            path = issue.get("path")
            field = ".".join(str(part) for part in path) if isinstance(path, list) else ""
            told.append(f"{field}: {message}" if field else message)
    return "; ".join(told)
