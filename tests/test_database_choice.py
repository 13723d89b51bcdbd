"""Which tests `pytest --database postgres` runs: never none, and none for nothing."""

import subprocess
import sys
from pathlib import Path

import chosen_database
import databases
import pytest

TESTS = Path(__file__).parent


def test_on_postgres_run_those_that_open_a_database_and_chose_none() -> None:
    asked = ["jobs/test_late_videos.py", "store/test_store_drafts.py", "faults/test_postgres_away.py", "test_config.py"]
    files = [str(TESTS / each) for each in asked]
    command = [sys.executable, "-m", "pytest", "--collect-only", "-qq", "-p", "no:cacheprovider"]
    found = subprocess.run([*command, "--database", "postgres", *files], capture_output=True, text=True, check=True)
    assert [line.partition(": ")[0] for line in found.stdout.split("\n") if line] == ["tests/jobs/test_late_videos.py"]


def test_who_may_open_it_gets_what_was_chosen(tmp_path: Path) -> None:
    scheme = chosen_database.url_for(tmp_path / "sora.sqlite").partition(":")[0]
    assert scheme == ("postgresql" if databases.chosen() is databases.Kind.POSTGRES else "sqlite")


def test_who_takes_both_kinds_in_turn_is_refused_the_chosen_one(tmp_path: Path, database_url: str) -> None:
    """It would not run on Postgres a second time, and nobody would notice."""
    with pytest.raises(AssertionError, match="leaves this test out"):
        chosen_database.url_for(tmp_path / "another.sqlite")
