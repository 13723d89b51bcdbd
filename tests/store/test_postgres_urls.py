"""Which databases we take, by their URL; and that the one for tests comes up."""

import pytest
import sqlalchemy as sa

from bot.store.engine import opened_store
from bot.store.postgres import driver_url
from bot.store.refusals import NotOurDatabaseError


async def test_a_store_opens_and_answers(database_url: str) -> None:
    async with opened_store(database_url) as store:
        await store.ping()


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg", "postgresql+asyncpg"])
def test_every_spelling_of_postgres_gets_the_driver_we_have(scheme: str) -> None:
    url = sa.make_url(driver_url(f"{scheme}://bot:p%40ss@db.example:6432/sora?sslmode=require"))
    assert url.drivername == "postgresql+psycopg"
    assert (url.password, url.port, dict(url.query)) == ("p@ss", 6432, {"sslmode": "require"})


@pytest.mark.parametrize("url", ["mysql://bot:hidden@db/sora", "hidden", "", "postgresql://bot:hidden@db:port/sora"])
async def test_another_database_is_refused_in_words_that_keep_the_password(url: str) -> None:
    with pytest.raises(NotOurDatabaseError, match="SORA_DATABASE_URL") as refused:
        async with opened_store(url):
            pass
    assert "hidden" not in str(refused.value)
