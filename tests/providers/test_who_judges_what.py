"""The table of `bot/providers/README.md` is true: every adapter, as many exchanges as there are, protocols, judges."""

import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest
from contract import CASES

import bot.providers
from bot.catalogue.loader import load_catalogue

ROOT = Path(__file__).parents[2]
README = ROOT / "bot" / "providers" / "README.md"
EXCHANGES = ROOT / "tests" / "exchanges"
CONSTRAINTS = (ROOT / "tests" / "constraints.txt").read_text()
OWN = {"preview"}
"""Goes over no wire."""
JUDGE = re.compile(r"\b([a-z][a-z0-9_.-]*[a-z0-9]) (\d+\.\d+[\d.]*\d)\b")


def rows() -> dict[str, tuple[str, int, str]]:
    """From an adapter's name to its protocols, its count of exchanges and who judges it."""
    table = README.read_text().split("## Who judges what")[1].split("\n## ")[0]
    found: dict[str, tuple[str, int, str]] = {}
    for line in table.splitlines():
        cells = [each.strip() for each in line.strip("|").split("|")]
        if len(cells) == 4 and cells[2].isdecimal():
            names = re.findall(r"`([a-z_]+)`", cells[0])
            found |= dict.fromkeys(names, (cells[1], int(cells[2]), cells[3]))
    return found


def test_every_adapter_stands_in_the_table_and_no_other() -> None:
    spoken = {each.provider for each in load_catalogue().protocols.values()} - OWN
    assert rows().keys() == spoken
    assert {each.key.partition("/")[0] for each in CASES} == spoken
    assert {each.name for each in EXCHANGES.iterdir() if each.is_dir()} == spoken


def test_the_tables_counts_are_those_of_the_files() -> None:
    counts = {name: len(list((EXCHANGES / name).glob("*.json"))) for name in rows()}
    told: dict[str, int] = {}
    for name, (_, count, _) in rows().items():
        together = [each for each, row in rows().items() if row == rows()[name]]
        assert count == sum(counts[each] for each in together), f"{name}: there are {counts[name]}"
        told[name] = count
    assert told


def test_every_adapter_has_a_file_of_its_name_and_tests_that_replay_its_exchanges() -> None:
    for name in rows():
        assert (Path(bot.providers.__path__[0]) / f"{name}.py").exists(), name
        assert [each for each in Path(__file__).parent.glob("test_*.py") if f'"{name}"' in each.read_text()], name


@pytest.mark.parametrize("name", rows())
def test_a_judge_is_a_package_of_the_tests_at_the_version_said_or_said_to_be_none(name: str) -> None:
    judged_by = rows()[name][2]
    named = JUDGE.findall(judged_by)
    if not named:
        assert judged_by.startswith("unjudged"), judged_by
    for package, said in named:
        if "by hand" in judged_by:
            continue
        try:
            assert version(package) == said, package
        except PackageNotFoundError:
            pytest.fail(f"{package} is not installed")
        assert f"{package.replace('_', '-')}=={said}" in CONSTRAINTS.replace("_", "-"), package
