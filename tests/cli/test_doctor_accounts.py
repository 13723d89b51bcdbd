"""What `doctor` says of each service's key: who can mend it depends on what the service answered."""

import pytest
from providers.raw_service import Told, raw_service

from bot.cli.doctor import lines
from bot.clock import SystemClock
from bot.config import ServiceSetting, load


@pytest.mark.parametrize(
    ("answer", "mend"),
    [
        (Told(status=401), "makes a new one at dev.runwayml.com, and puts it into RUNWAYML_API_SECRET."),
        (Told(status=402), "Who pays for Runway adds money: dev.runwayml.com."),
        (Told(status=503), "Nobody here: Runway has trouble of its own."),
    ],
)
async def test_who_can_mend_a_service_depends_on_what_it_says(
    monkeypatch: pytest.MonkeyPatch, answer: Told, mend: str
) -> None:
    monkeypatch.setenv("RUNWAYML_API_SECRET", "key_0123456789abcdef")
    async with raw_service(answer) as service:
        url = ServiceSetting(url=service.base)
        settings = load(
            SLACK_BOT_TOKEN="xoxb-1",
            SLACK_APP_TOKEN="xapp-1",
            SLACK_API_URL="http://127.0.0.1:9/api/",
            services={"runway": url},
        )
        told = [line async for line in lines(settings, SystemClock())]
    (line,) = [each for each in told if each.what.startswith("Runway")]
    assert (line.ok, mend in line.mend) == (False, True), line.mend
    assert "0123456789abcdef" not in repr(told)
