"""Its place in this folder puts the folder on the import path: tests share `virtual_clock` by plain name."""

import json
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import chosen_database
import databases
import pytest

GOLDEN = Path(__file__).with_name("golden")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite tests/golden from what is drawn now")
    parser.addoption(
        "--database",
        choices=[kind.value for kind in databases.Kind],
        default=databases.Kind.SQLITE.value,
        help="what tests run on that do not run on both (SQLite unless told); on postgres they run alone",
    )


def pytest_configure(config: pytest.Config) -> None:
    databases.choose(databases.Kind(config.getoption("--database")))
    config.addinivalue_line("markers", "own_database: is not run a second time by `pytest --database postgres`")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On Postgres only what would have run on SQLite: all else was as it is in the run without `--database`."""
    if databases.chosen() is not databases.Kind.POSTGRES:
        return
    left_out = [item for item in items if not chosen_database.is_about(item)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if chosen_database.is_about(item)]


def pytest_runtest_setup(item: pytest.Item) -> None:
    chosen_database.comes(item)


def pytest_unconfigure() -> None:
    databases.stop()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown() -> Generator[None]:
    yield
    databases.take_back()


@pytest.fixture(params=list(databases.Kind), ids=str)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A migrated database of its own, of each kind in turn; the SQLite file is not there yet."""
    return databases.url_for(tmp_path / "sora.sqlite", request.param)


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
