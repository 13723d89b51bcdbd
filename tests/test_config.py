"""Settings: where they come from, what is said when they are wrong."""

import re
from pathlib import Path

import pytest

from bot.config import Settings, SettingsError, load

README = Path(__file__).parents[1] / "README.md"
TOKENS = {"SLACK_BOT_TOKEN": "xoxb-secret-1", "SLACK_APP_TOKEN": "xapp-secret-2"}


@pytest.fixture(autouse=True)
def _clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for field in Settings.model_fields.values():
        if field.alias:
            monkeypatch.delenv(field.alias, raising=False)


def test_two_tokens_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in TOKENS.items():
        monkeypatch.setenv(name, value)
    settings = load()
    assert settings.slack_bot_token is not None
    assert settings.slack_bot_token.get_secret_value() == "xoxb-secret-1"
    assert [(each.scope, each.period, each.usd) for each in settings.limits] == [
        ("person", "day", 5.0),
        ("workspace", "month", 50.0),
    ]


def test_the_environment_wins_over_dotenv_and_that_over_toml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sora.toml").write_text('port = 1111\ncommand = "/film"\ntime_zone = "Europe/Berlin"\n')
    (tmp_path / ".env").write_text("PORT=2222\nSORA_COMMAND=/clip\nSLACK_BOT_TOKEN=xoxb-1\nSLACK_APP_TOKEN=xapp-1\n")
    monkeypatch.setenv("PORT", "3333")
    settings = load()
    assert (settings.port, settings.command, settings.time_zone) == (3333, "/clip", "Europe/Berlin")


@pytest.mark.parametrize("said", ['"U0123, W0456,"', '["U0123", "W0456"]'])
def test_admins_are_member_ids_from_the_environment_or_the_file(
    said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sora.toml").write_text(f"admins = {said}\n")
    assert load(**TOKENS).admins == ("U0123", "W0456")
    monkeypatch.setenv("SORA_ADMINS", "U0789")
    assert load(**TOKENS).admins == ("U0789",)
    monkeypatch.setenv("SORA_ADMINS", "U0789,ada")
    with pytest.raises(SettingsError, match='"ada" is no member id'):
        load(**TOKENS)


def test_limits_are_read_from_the_file(tmp_path: Path) -> None:
    (tmp_path / "sora.toml").write_text('[[limits]]\nscope = "person"\nperiod = "month"\nusd = 2.5\nclips = 3\n')
    settings = load(**TOKENS)
    assert [(each.scope, each.period, each.usd, each.clips) for each in settings.limits] == [
        ("person", "month", 2.5, 3)
    ]


def test_everything_wrong_is_said_at_once_in_words_and_without_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-secret-1")
    monkeypatch.setenv("PORT", "lots")
    monkeypatch.setenv("SORA_TIME_ZONE", "Mars/Olympus")
    monkeypatch.setenv("SORA_VIDEOS_URL", "video.example.com")
    with pytest.raises(SettingsError) as refused:
        load()
    told = "\n".join(refused.value.problems)
    assert len(refused.value.problems) == 3
    assert all(word in told for word in ("PORT", "SORA_TIME_ZONE", "Europe/Berlin", "SORA_VIDEOS_URL", "https://"))
    assert "secret" not in told


def test_missing_tokens_say_where_they_are_found() -> None:
    with pytest.raises(SettingsError, match=r"SLACK_BOT_TOKEN is missing.*OAuth & Permissions"):
        load()
    with pytest.raises(SettingsError, match=r"SLACK_APP_TOKEN .*Socket Mode.*SLACK_SIGNING_SECRET"):
        load(SLACK_BOT_TOKEN="xoxb-1")


def test_secrets_print_as_stars() -> None:
    assert "-secret-" not in repr(load(**TOKENS, FAL_KEY="fal-secret-3"))


def readme_settings() -> dict[str, str]:
    """Each setting of the README's table with what its row gives as default."""
    table = README.read_text().split("## Settings")[1].split("\n## ")[0]
    rows = [line.strip("|").split("|") for line in table.splitlines() if line.startswith("| `")]
    found: dict[str, str] = {}
    for names, default, *_ in rows:
        aliases = re.findall(r"`([A-Z_]+)`", names)
        defaults = re.findall(r"`([^`]+)`", default)
        found |= dict(zip(aliases, defaults if len(defaults) == len(aliases) else [""] * len(aliases), strict=True))
    return found


def test_the_readmes_table_names_every_setting_and_no_other() -> None:
    assert sorted(readme_settings()) == sorted(
        each.alias for each in Settings.model_fields.values() if each.alias is not None
    )


def test_the_readmes_defaults_are_the_ones_that_hold() -> None:
    held = {each.alias: each.default for each in Settings.model_fields.values()}
    told = {alias: default for alias, default in readme_settings().items() if default}
    assert {"SORA_BEAT_S", "SORA_DATABASE_URL", "SORA_CONFIRM_ABOVE_USD", "SORA_QUEUED_MAX"} <= told.keys()
    for alias, default in told.items():
        held_now = held[alias]
        if isinstance(held_now, int | float):
            assert float(default) == held_now, alias
        else:
            assert default == str(held_now), alias


def test_the_readmes_examples_are_read_as_they_stand(tmp_path: Path) -> None:
    examples = re.findall(r"```toml\n(.*?)```", README.read_text(), flags=re.DOTALL)
    (tmp_path / "sora.toml").write_text("\n".join(examples))
    settings = load(**TOKENS)
    assert [(each.scope, each.period, each.usd, each.clips) for each in settings.limits] == [("person", "day", 5.0, 10)]
    runway = settings.service("runway")
    assert (runway.in_flight_max, runway.submits_per_minute, runway.url) == (20, 60, "https://gateway.example.com")
