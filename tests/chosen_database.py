"""The database that `pytest --database` chose, and which tests open it.

Most tests of this tree never see a database, and those of `database_url` run on both kinds each time. What is left runs
on SQLite, and with `--database postgres` on Postgres and alone: together the two runs are every test on every database.
"""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import databases
import pytest

TESTS = Path(__file__).parent


def url_for(file: Path) -> str:
    """What stands at `file`, of the kind that was chosen: see `databases.url_for`."""
    if not _Now.foreseen:
        raise AssertionError(
            "a run on Postgres leaves this test out: it has both kinds in turn, or its file reaches us by no import"
        )
    return databases.url_for(file, databases.chosen())


def is_about(test: pytest.Item) -> bool:
    """Whether this test may open the chosen database: its file imports ours, itself or through others.

    Not those that need no second run (`own_database`), nor those that run on both kinds each time.
    """
    return _foreseen(test) and not _needs_no_second_run(test)


def comes(test: pytest.Item) -> None:
    """This test begins, and is refused the chosen database if nobody decided whether it runs on Postgres."""
    _Now.foreseen = _foreseen(test) or _needs_no_second_run(test)


def _foreseen(test: pytest.Item) -> bool:
    return Path(__file__) in _reached(test.path) and "database_url" not in getattr(test, "fixturenames", ())


def _needs_no_second_run(test: pytest.Item) -> bool:
    return test.get_closest_marker("own_database") is not None


class _Now:
    foreseen = True


@cache
def _reached(file: Path) -> frozenset[Path]:
    """Files of tests that this one imports, and those that they do, and so on; itself too."""
    found, next_ones = {file}, [file]
    while next_ones:
        for each in _imported(next_ones.pop()):
            if each not in found:
                found.add(each)
                next_ones.append(each)
    return frozenset(found)


@cache
def _imported(file: Path) -> tuple[Path, ...]:
    modules = {module for node in ast.walk(ast.parse(file.read_text())) for module in _modules(node)}
    return tuple(each for module in sorted(modules) if (each := _file(module)))


def _modules(node: ast.AST) -> Iterator[str]:
    """What a statement may import: `jobs.house` and `jobs.house.a_house` of `from jobs.house import a_house`."""
    match node:
        case ast.Import(names=names):
            yield from (each.name for each in names)
        case ast.ImportFrom(module=str(module), names=names):
            yield module
            yield from (f"{module}.{each.name}" for each in names)


@cache
def _file(module: str) -> Path | None:
    """`tests.jobs.house`, `jobs.house` and, from its own folder, `house` are one file of tests."""
    path = module.removeprefix("tests.").replace(".", "/") + ".py"
    return next((each for each in sorted(TESTS.rglob(path)) if each.name != "conftest.py"), None)
