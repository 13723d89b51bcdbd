"""The Slack app's manifest: what Slack's own schema says, what the README links to, what the code really needs."""

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml
from typer.testing import CliRunner

from bot.cli.app import app
from bot.slack.ids import CallbackId
from bot.slack.manifest import EVENTS, SCOPES, as_yaml, manifest

ROOT = Path(__file__).parents[2]

LIMITS = {"name": 35, "description": 140}  # display_information, slackapi/manifest-schema, July 2026

NEEDS = {
    "app_mention": "app_mentions:read",
    "message.im": "im:history",
    "app_uninstalled": None,
    "tokens_revoked": None,
}
"""Event to the scope it needs (Slack's event pages, May 2026)."""


def test_the_file_is_what_the_command_prints() -> None:
    printed = CliRunner().invoke(app, ["manifest"]).stdout
    assert (ROOT / "manifest.yml").read_text() == printed


def test_the_readme_links_to_the_page_that_creates_this_very_app() -> None:
    link = re.search(r"\((https://api\.slack\.com/apps\?[^)]+)\)", (ROOT / "README.md").read_text())
    assert link is not None
    told = parse_qs(urlsplit(link[1]).query)
    assert told["new_app"] == ["1"]
    assert yaml.safe_load(told["manifest_yaml"][0]) == manifest()


def test_http_mode_differs_only_in_how_slack_reaches_us() -> None:
    by_socket, by_http = manifest(), manifest(url="https://bot.example.com/")
    entrance = "https://bot.example.com/slack/events"
    assert by_http["settings"]["socket_mode_enabled"] is False
    assert by_http["settings"]["event_subscriptions"].pop("request_url") == entrance
    assert by_http["settings"]["interactivity"].pop("request_url") == entrance
    assert by_http["features"]["slash_commands"][0].pop("url") == entrance
    by_http["settings"]["socket_mode_enabled"] = True
    assert by_http == by_socket


def test_scopes_are_those_of_the_events_and_each_says_why() -> None:
    names = {scope.name for scope in SCOPES}
    assert {NEEDS[event] for event in EVENTS} - {None} <= names
    assert not any(name.endswith(":history") and name != "im:history" for name in names)
    assert all(scope.why for scope in SCOPES)
    assert {scope.name for scope in SCOPES if scope.optional} == {
        "files:read",
        "channels:join",
        "channels:read",
        "groups:read",
        "users:read",
    }
    assert all(scope.without for scope in SCOPES if scope.optional)


def test_slacks_limits_are_kept() -> None:
    told = manifest()
    for field, longest in LIMITS.items():
        assert len(told["display_information"][field]) <= longest
    shortcuts = told["features"]["shortcuts"]
    assert all(len(each["name"]) <= 24 and len(each["description"]) <= 150 for each in shortcuts)
    assert {each["callback_id"] for each in shortcuts} == {CallbackId.MAKE, CallbackId.FROM_MESSAGE}


@pytest.mark.parametrize("address", ["http://bot.example.com", "bot.example.com"])
def test_an_address_slack_would_not_use_is_refused(address: str) -> None:
    refused = CliRunner().invoke(app, ["manifest", "--http", address])
    assert refused.exit_code == 2


def test_the_yaml_reads_back() -> None:
    assert yaml.safe_load(as_yaml(manifest(command="/sora-dev"))) == manifest(command="/sora-dev")
