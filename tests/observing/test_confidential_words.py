"""Secrets by value and by shape, people's words by heart: out of every text, in every spelling."""

import json
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from bot.config import Settings
from bot.observing.confidential import WORDS_KEPT, WORDS_LENGTH_MIN, Confidential, described, without_secret_parts

SPELLINGS = (str, repr, json.dumps, lambda text: json.dumps(text, ensure_ascii=False), quote, quote_plus)
prompts = st.text(min_size=WORDS_LENGTH_MIN, max_size=200).filter(
    lambda text: len(text.strip()) >= WORDS_LENGTH_MIN and len(set(text.strip())) > 3
)


@given(prompt=prompts, before=st.text(max_size=40), after=st.text(max_size=40))
@pytest.mark.parametrize("spelled", SPELLINGS)
def test_what_somebody_wrote_is_found_in_every_spelling(spelled, prompt: str, before: str, after: str) -> None:
    confidential = Confidential()
    confidential.remember(prompt)
    line = confidential.cleaned(f"{before}{spelled(prompt)}{after}")
    assert spelled(prompt.strip()).strip("'\"") not in line.replace(before, "", 1)
    # Behind "x://" the mark stands inside an address, and goes with the parts of it that are taken out.
    assert described(prompt.strip()) in line or "://" in before


def test_a_shortened_prompt_is_found_by_its_beginning() -> None:
    confidential = Confidential()
    prompt = "a confidential product launch in a glass house at night, camera slowly turning"
    confidential.remember(prompt)
    cleaned = confidential.cleaned(f"input_value='{prompt[:50]}...' is too long")
    assert cleaned == f"input_value='{described(prompt)}...' is too long"


def test_short_words_do_not_make_the_log_unreadable() -> None:
    confidential = Confidential()
    confidential.remember("waves", "", "   ")
    assert confidential.cleaned("waves of errors") == "waves of errors"


def test_the_latest_texts_are_remembered_and_the_oldest_makes_room() -> None:
    confidential = Confidential()
    for number in range(WORDS_KEPT + 1):
        confidential.remember(f"wish number {number:05}")
        confidential.remember("wish number 00001")  # read again and again, so it stays
    assert confidential.cleaned("wish number 00000") == "wish number 00000"
    for kept in (1, 2, WORDS_KEPT):
        assert f"{kept:05}" not in confidential.cleaned(f"wish number {kept:05}")


@given(secret=st.text(alphabet=st.characters(codec="utf-8", categories=("L", "N", "P")), min_size=8, max_size=60))
@pytest.mark.parametrize("spelled", SPELLINGS)
def test_a_secret_of_the_settings_is_found_in_every_spelling(spelled, secret: str) -> None:
    assert secret not in Confidential([secret]).cleaned(f"<{spelled(secret)}>") or secret in "[secret]"


def test_every_secret_of_the_settings_is_known_and_so_are_passwords_in_addresses(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    names = {
        field.alias: f"value-of-{name}-0"
        for name, field in Settings.model_fields.items()
        if "SecretStr" in str(field.annotation)
    } | {"SORA_SMTP_URL": "smtps://bot:value-of-smtp-0@mail.example"}
    assert len(names) >= 7
    address = "postgresql://sora:pass-word-0@db.example/sora"
    people = {"SORA_MAIL_FROM": "bot@example.com", "SORA_MAIL_TO": "ada@example.com"}
    told: dict[str, Any] = {key: SecretStr(value) for key, value in names.items()} | people
    settings = Settings(**told, SORA_DATABASE_URL=address)
    cleaned = Confidential.of(settings).cleaned(" ".join([*names.values(), "pass-word-0", address]))
    assert cleaned == " ".join(["[secret]"] * (len(names) + 1) + ["postgresql://db.example/sora"])


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("token xoxb-12-34-abCD", "token [secret]"),
        ("xapp-1-A0-12-ab and xoxp-1-2-3", "[secret] and [secret]"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer [secret]"),
        ("{'Authorization': 'Key 11111111-2222-3333-4444-555555555555:0123456789abcdef'}", None),
        ("Incorrect API key provided: sk-proj-0123456789abcdef", "Incorrect API key provided: [secret]"),
        ("whsec_MDEyMzQ1Njc4OWFiY2RlZg== is wrong", "[secret] is wrong"),
        ("api_key=abcdef12&x=1", "api_key=[secret]&x=1"),
        ('{"signing_secret": "8f742231b10e", "ok": 1}', '{"signing_secret": "[secret]", "ok": 1}'),
        ("key AIzaSyA-0123456789abcdefghijk", "key [secret]"),
        ("eyJhbGciOiJI.eyJzdWIiOiIx.c2lnbmF0dXJl", "[secret]"),
        # What an operator needs stays readable.
        ("token_revoked", "token_revoked"),
        ("code=token_expired method=chat.update", "code=token_expired method=chat.update"),
        ("a key mismatch, a token expired", "a key mismatch, a token expired"),
        ("reference ab12cd34 job 0123456789abcdef0123", "reference ab12cd34 job 0123456789abcdef0123"),
    ],
)
def test_what_looks_like_a_secret_is_one(said: str, shown: str | None) -> None:
    cleaned = Confidential().cleaned(said)
    assert "0123456789abcdef" not in cleaned or shown == said
    if shown is not None:
        assert cleaned == shown


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://s3.example/film.mp4?X-Amz-Signature=0a&X-Amz-Credential=AK", "https://s3.example/film.mp4?…"),
        ("https://hooks.slack.com/commands/T1/123/abcDEF", "https://hooks.slack.com/…"),
        ("wss://wss-primary.slack.com/link/?ticket=12-34&app_id=9", "wss://wss-primary.slack.com/link/?…"),
        ("https://me:pw12@relay.example:8443/v1/videos#top", "https://relay.example:8443/v1/videos"),
        ("https://bot.example/webhooks/fal/0123456789abcdef0123", "https://bot.example/webhooks/fal/…"),
        ("http://127.0.0.1:40123/response/9a8b7c6d5e4f3a2b1c", "http://127.0.0.1:40123/response/…"),
    ],
)
def test_an_address_keeps_what_names_it_and_loses_what_opens_it(url: str, shown: str) -> None:
    assert without_secret_parts(url) == shown
    assert Confidential().cleaned(f"<{url}> failed") == f"<{shown}> failed"


def test_facts_that_are_private_by_name_become_length_and_hash() -> None:
    confidential = Confidential()
    line = {
        "prompt": "waves",
        "response_url": "https://x",
        "text": "ok",
        "usd_micros": 5,
        "each": ["Bearer abcd", None],
    }
    cleaned = {key: confidential.cleaned_value(key, value) for key, value in line.items()}
    assert cleaned == {
        "prompt": described("waves"),
        "response_url": described("https://x"),
        "text": described("ok"),
        "usd_micros": 5,
        "each": ["Bearer [secret]", None],
    }
    assert "waves" not in cleaned["prompt"]
    assert confidential.cleaned_value("asked", {"prompt": "waves"}) == {"prompt": described("waves")}
