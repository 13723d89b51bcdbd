"""From settings to services: what an operator says about an account wins over the catalogue."""

import pytest

from bot.catalogue.loader import load_catalogue
from bot.clock import SystemClock
from bot.config import load
from bot.wiring.services import opened_services

TOLD = {
    "SLACK_BOT_TOKEN": "xoxb-1",
    "SLACK_APP_TOKEN": "xapp-1",
    "FAL_KEY": "fal-key",
    "SORA_VIDEOS_URL": "http://127.0.0.1:9",
    "SORA_VIDEOS_MODELS": "wave=0.10/s",
}


@pytest.mark.parametrize(
    ("said", "bounds"),
    [
        ({}, {"fal": (10, 60), "videos": (10, 60)}),
        (
            {"SORA_FAL_IN_FLIGHT_MAX": "40", "SORA_VIDEOS_IN_FLIGHT_MAX": "2", "SORA_VIDEOS_SUBMITS_PER_MINUTE": "300"},
            {"fal": (40, 60), "videos": (2, 300)},
        ),
    ],
)
async def test_the_accounts_own_bounds_win_over_the_catalogues(
    monkeypatch: pytest.MonkeyPatch, said: dict[str, str], bounds: dict[str, tuple[int, int]]
) -> None:
    for name, value in (TOLD | said).items():
        monkeypatch.setenv(name, value)
    async with opened_services(load(), load_catalogue(), SystemClock()) as upstreams:
        assert {each.name: (each.in_flight_max, each.submits_per_minute) for each in upstreams} == bounds
