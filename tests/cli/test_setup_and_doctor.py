"""The first five minutes: `setup` asks, checks and writes; `doctor` says what is wrong and who can mend it."""

import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from demo_slack_thread import SlackThread, slack_in_a_thread
from typer.testing import CliRunner

from bot.cli.app import app


@pytest.fixture
def slack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SlackThread]:
    for name in ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET", "FAL_KEY", "SORA_FAL_URL", "PORT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    with slack_in_a_thread() as running:
        monkeypatch.setenv("SLACK_API_URL", running.api_url)
        yield running


def test_setup_refuses_each_wrong_paste_with_where_the_right_one_is_and_writes_what_works(
    slack: SlackThread, tmp_path: Path
) -> None:
    pasted = [slack.app_token, "xoxb-not-the-one", slack.bot_token, "xoxb-", slack.app_token, ""]
    done = CliRunner().invoke(app, ["setup", "--no-browser"], input="\n".join(pasted) + "\n")
    assert done.exit_code == 0, done.output
    assert "That is an app-level token; this one begins with xoxb-" in done.output
    assert "Slack does not know this token" in done.output
    assert "App-Level Tokens" in done.output
    env = tmp_path / ".env"
    assert stat.S_IMODE(env.stat().st_mode) == 0o600
    assert env.read_text() == f"SLACK_BOT_TOKEN={slack.bot_token}\nSLACK_APP_TOKEN={slack.app_token}\n"
    assert slack.bot_token not in done.output


def test_setup_keeps_what_was_there(slack: SlackThread, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"SLACK_BOT_TOKEN={slack.bot_token}\nSORA_COMMAND=/film\n")
    done = CliRunner().invoke(app, ["setup", "--no-browser"], input=f"\n{slack.app_token}\n\n")
    assert done.exit_code == 0, done.output
    assert "SORA_COMMAND=/film\n" in (tmp_path / ".env").read_text()


def test_doctor_is_content_with_a_bot_that_can_run(slack: SlackThread, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"SLACK_BOT_TOKEN={slack.bot_token}\nSLACK_APP_TOKEN={slack.app_token}\n")
    looked = CliRunner().invoke(app, ["doctor"])
    assert looked.exit_code == 0, looked.output
    assert "✓ SLACK_BOT_TOKEN" in looked.output
    assert "✗" not in looked.output


def test_doctor_says_who_can_mend_it(slack: SlackThread, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        "SLACK_BOT_TOKEN=xoxb-gone\nSLACK_APP_TOKEN=xapp-gone\nSORA_VIDEOS_URL=http://127.0.0.1:9\n"
        "SORA_VIDEOS_MODELS=my-wan=free\n"
    )
    looked = CliRunner().invoke(app, ["doctor"])
    assert looked.exit_code == 1
    assert "✗ SLACK_BOT_TOKEN\n    It does not work: Slack does not know this token." in looked.output
    assert "Who runs this machine lets it reach 127.0.0.1" in looked.output
    assert "xoxb-gone" not in looked.output


def test_doctor_says_when_nobody_is_asked_about_a_service_that_cannot_be(slack: SlackThread, tmp_path: Path) -> None:
    mute = "SORA_VIDEOS_URL=http://127.0.0.1:9\nSORA_VIDEOS_MODELS=my-wan=free\nSORA_VIDEOS_LABEL=My relay\n"
    (tmp_path / ".env").write_text(f"SLACK_BOT_TOKEN={slack.bot_token}\nSLACK_APP_TOKEN={slack.app_token}\n{mute}")
    looked = CliRunner().invoke(app, ["doctor"])
    assert "! SORA_ADMINS is empty: nobody is asked when an answer of My relay is lost" in looked.output
    with (tmp_path / ".env").open("a") as env:
        env.write("SORA_ADMINS=U0ADA00001\n")
    assert "✓ SORA_ADMINS: U0ADA00001" in CliRunner().invoke(app, ["doctor"]).output


def test_doctor_names_everything_wrong_with_the_settings_at_once(slack: SlackThread, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PORT=lots\nSORA_TIME_ZONE=Mars\n")
    looked = CliRunner().invoke(app, ["doctor"])
    assert looked.exit_code == 1
    assert [line[:2] for line in looked.output.splitlines()] == ["✗ ", "✗ "]
