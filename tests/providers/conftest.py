"""What the tests against local services share; a module that needs another clock or film has its own."""

import pytest
from doubles.local_service import a_film
from virtual_clock import VirtualClock


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return a_film(tmp_path_factory.mktemp("film"))


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()
