"""Its place puts this folder on the import path: the tests here share values and the double by plain name."""

import pytest
from fake_jobs import FakeJobs
from slack_double import running_desk


@pytest.fixture
def jobs():
    return FakeJobs()


@pytest.fixture
async def desk(jobs):
    async with running_desk(jobs) as running:
        yield running
