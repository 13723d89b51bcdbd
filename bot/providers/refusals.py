"""The error that an answer without what was asked for is, where a service's error documents have the usual shapes.

Services with shapes of their own (fal, Google, Kling, MiniMax, Runway, ...) read them beside their adapter.
"""

import re
from collections.abc import Set
from typing import Any

from bot.providers.answers import Answer, Call
from bot.providers.errors import CapacityFailed, ProviderError
from bot.providers.verdicts import error_of, kind_of_code, kind_of_words, seen_as

Families = tuple[tuple[type[ProviderError], re.Pattern[str]], ...]
"""A service's own codes, by what they have in common; the first that fits decides."""
_TITLE = re.compile(r"<title[^>]*>([^<]{1,200})", re.I)


def refusal(
    answer: Answer,
    call: Call,
    *,
    not_accepted: Set[tuple[int, str]] = frozenset(),
    families: Families = (),
    request_id: str = "",
) -> ProviderError:
    """The error of any answer that is no use, a success of the wrong kind among them.

    Args:
        not_accepted: `Protocol.not_accepted`, for a submit.
        families: codes that only this service has. From 500 on they prove nothing.
        request_id: from the body, where the service puts it there.
    """
    code, message = code_and_message(answer.document, answer.text)
    if answer.is_success and not message:
        message = "an answer of another kind than asked for"
    shared = error_of(answer, call=call, code=code, message=message, not_accepted=not_accepted)
    kind = kind_in(families, code)
    if kind is None or answer.status >= 500 or answer.status in {408, 499}:
        return shared
    return seen_as(kind, shared, request_id=request_id)


def kind_of_failure(code: str, message: str, families: Families) -> type[ProviderError]:
    """Why a render ended without a video; with no sign of anything else it was the service's own trouble."""
    by_code = kind_in(families, code) or kind_of_code(code)
    return by_code or kind_of_words(f"{code} {message}") or CapacityFailed


def kind_in(families: Families, code: str) -> type[ProviderError] | None:
    return next((kind for kind, family in families if family.search(code)), None)


def code_and_message(document: Any, text: str) -> tuple[str, str]:
    """The code and the words of an error in any of the shapes that are about; "" for what is missing.

    {"error": {message, type, param, code}}, {"error": "..."}, FastAPI's {"detail": "..."} and {"detail": [{loc, msg}]},
    new-api's {code, message, data: null}; of a page its title.
    """
    if not isinstance(document, dict):
        title = _TITLE.search(text)
        return "", title[1].strip() if title else ("an answer that is not JSON" if text else "")
    error = document.get("error") or document.get("detail") or document
    if isinstance(error, list):
        return "", "; ".join(_field_words(each) for each in error[:5])
    if not isinstance(error, dict):
        return "", str(error)
    code = error.get("code")
    if code is None or code == "" or (str(code).isdecimal() and isinstance(error.get("type"), str)):
        code = error.get("type")  # LiteLLM's code is the status again, and its type the word
    return _plain(code), _plain(error.get("message") or error.get("msg"))


def _field_words(problem: Any) -> str:
    """ "prompt: Field required" of one entry of FastAPI's list."""
    if not isinstance(problem, dict):
        return str(problem)
    place = problem.get("loc")
    name = _plain(place[-1]) if isinstance(place, list) and place else ""
    return f"{name}: {_plain(problem.get('msg'))}".removeprefix(": ")


def _plain(value: Any) -> str:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
