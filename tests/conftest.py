"""Its place in this folder puts the folder on the import path: tests share `virtual_clock` by plain name."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

GOLDEN = Path(__file__).with_name("golden")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite tests/golden from what is drawn now")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, Any], None]:
    """`golden("card_done", drawn)` compares with tests/golden/card_done.json, or writes it with --update-golden."""

    def compare(name: str, drawn: Any) -> None:
        path = GOLDEN / f"{name}.json"
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(exist_ok=True)
            path.write_text(json.dumps(drawn, indent=1, ensure_ascii=False, sort_keys=True) + "\n")
        assert path.exists(), f"there is no {path.name} yet: run pytest --update-golden and look at it"
        assert json.loads(path.read_text()) == json.loads(json.dumps(drawn))

    return compare
