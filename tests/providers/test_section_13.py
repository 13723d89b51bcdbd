"""Each status, error code and hidden refusal of section 13 of the provider facts has an exchange that shows it.

`tests/exchanges/section_13.json` is that section as data: an adapter, a sign (a status word, an HTTP status, a code or
words in a body), and what it means: a state, or a kind of failure.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

EXCHANGES = Path(__file__).parents[1] / "exchanges"
SIGNS: list[dict[str, Any]] = json.loads((EXCHANGES / "section_13.json").read_text())["signs"]


@cache
def exchanges_of(adapter: str) -> tuple[tuple[str, dict[str, Any]], ...]:
    return tuple((path.name, json.loads(path.read_text())) for path in sorted((EXCHANGES / adapter).glob("*.json")))


def shows(told: dict[str, Any], sign: dict[str, Any]) -> bool:
    """Whether one of its answers has the sign, and the adapter is expected to make of it what it means."""
    expected = told["expect"]
    means = {expected.get("state"), expected.get("failure"), expected.get("raises")}
    means |= set(expected.get("told", {}).values())
    return sign["means"] in means and any(_has(answer, sign) for answer in told["answers"])


def _has(answer: dict[str, Any], sign: dict[str, Any]) -> bool:
    if sign["what"] == "http":
        return bool(answer.get("status", 200) == sign["sign"])
    body = json.dumps(answer.get("body"), ensure_ascii=False)
    if sign["what"] == "status":
        return f'"{sign["sign"]}"' in body
    return str(sign["sign"]) in body


@pytest.mark.parametrize("sign", SIGNS, ids=lambda each: f"{each['adapter']}-{each['sign']}-{each['means']}")
def test_a_sign_of_section_13_has_an_exchange(sign: dict[str, Any]) -> None:
    shown = [name for name, told in exchanges_of(sign["adapter"]) if shows(told, sign)]
    assert shown, f"no exchange of {sign['adapter']} shows {sign['sign']!r} as {sign['means']}"


def test_every_exchange_names_its_source_and_how_sure_it_is() -> None:
    files = sorted(EXCHANGES.glob("*/*.json"))
    nameless = [
        path.name
        for path in files
        if not (told := json.loads(path.read_text())).get("source") or told.get("tag", "?")[0] not in "ABCU"
    ]
    assert (len(files) > 900, nameless) == (True, [])
