"""What Replicate's refusals and failed predictions mean.

An HTTP refusal is a problem document (RFC 9457: `type`, `title`, `detail`, `status`). A failed prediction has one
sentence in `error`, often with a code at its end: "(E005)" is the refusal for content. Sources: replicate 1.0.7
`exceptions.py`, Replicate's pages on error codes and rate limits, section 13 of the provider facts, read 2026-11-21.
"""

import re
from collections.abc import Set
from typing import Any, Final

from bot.providers.answers import RETRY_AFTER_MAX_S, Answer, Call, tidy
from bot.providers.errors import CapacityFailed, Moderated, ProviderError, RateLimited, TimedOut
from bot.providers.verdicts import error_of, kind_of_words

_CODE: Final = re.compile(r"\b(E\d{3,4})\b")
_KINDS: Final[dict[str, type[ProviderError]]] = {"E005": Moderated, "E6716": TimedOut}
"""E6716: it did not start in time. The other codes are trouble of the machines or of the model."""
_MACHINE: Final = re.compile(r"E\d{4}")
_RESETS: Final = re.compile(r"resets in ~?(\d+(?:\.\d+)?)\s*s")


def refusal(answer: Answer, call: Call, *, not_accepted: Set[tuple[int, str]] = frozenset()) -> ProviderError:
    """The error that an answer without success is."""
    problem = answer.fields
    said = [each for each in (problem.get("title"), problem.get("detail")) if isinstance(each, str) and each]
    code = problem.get("type")
    code = code if isinstance(code, str) else ""
    words = ": ".join(said) or answer.text
    error = error_of(answer, call=call, code=code, message=words, not_accepted=not_accepted)
    if isinstance(error, RateLimited) and error.retry_after_s is None:
        error.retry_after_s = _retry_after_s(problem, words)
    return error


def failure_of(prediction: dict[str, Any]) -> ProviderError:
    """Why a prediction ended without a video."""
    words = prediction.get("error")
    words = words if isinstance(words, str) else ""
    codes = _CODE.findall(words)
    code = codes[-1] if codes else ""
    kind = _KINDS.get(code)
    if kind is None:  # Where a machine's code says what it was, the words around it may be a log's.
        kind = (None if _MACHINE.fullmatch(code) else kind_of_words(words)) or CapacityFailed
    return kind(f"Replicate says: {tidy(words) or prediction.get('status')}", code=code)


def _retry_after_s(problem: dict[str, Any], words: str) -> float | None:
    """Seconds to wait: Replicate puts them into the body and not into a header."""
    told = problem.get("retry_after")
    if isinstance(told, int | float) and not isinstance(told, bool) and 0 <= told <= RETRY_AFTER_MAX_S:
        return float(told)
    said = _RESETS.search(words)
    return min(float(said[1]), RETRY_AFTER_MAX_S) if said else None
