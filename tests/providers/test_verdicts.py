"""Which failure an answer speaks of: section 13 of the provider facts, row by row."""

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.providers.answers import Answer, Call, retry_after_s, tidy
from bot.providers.errors import BY_KIND
from bot.providers.verdicts import error_of

SUBMIT, POLL, DOWNLOAD, CHECK = Call.SUBMIT, Call.POLL, Call.DOWNLOAD, Call.CHECK


def kind_of(status: int, call: Call, code: str = "", message: str = "", not_accepted=frozenset()) -> str:
    answer = Answer(status=status, headers=httpx.Headers())
    return error_of(answer, call=call, code=code, message=message, not_accepted=not_accepted).kind


@pytest.mark.parametrize(
    ("status", "call", "code", "message", "kind"),
    [
        (400, SUBMIT, "invalid_value", "Invalid value: '10'. Supported values are: '4', '8', '12'.", "invalid_request"),
        (400, SUBMIT, "moderation_blocked", "Your request was blocked.", "moderation"),
        (400, SUBMIT, "", "Your prompt was rejected by our safety system.", "moderation"),
        (
            400,
            SUBMIT,
            "invalid_prompt",
            "Your prompt was flagged as potentially violating our usage policy",
            "moderation",
        ),
        (400, SUBMIT, "invalid_value", "size is case-sensitive", "invalid_request"),
        (403, SUBMIT, "", "denied by the load balancer", "auth"),
        (400, SUBMIT, "content_filter", "filtered", "moderation"),
        (400, SUBMIT, "fail_to_fetch_task", '{"code":404,"message":"veo is no longer available"}', "retired"),
        (400, POLL, "", "Invalid id", "invalid_request"),
        (400, DOWNLOAD, "", "Video is not ready yet", "capacity"),
        (401, SUBMIT, "invalid_api_key", "Incorrect API key provided.", "auth"),
        (402, SUBMIT, "", "Payment Required", "quota"),
        (403, SUBMIT, "", "Your prompt violates our content policy", "moderation"),
        (403, SUBMIT, "", "This token has no access to group vip", "auth"),
        (403, SUBMIT, "", "Your organization must be verified to use the model `sora-2`.", "auth"),
        (403, SUBMIT, "insufficient_user_quota", "用户额度不足", "quota"),
        (403, SUBMIT, "", "User is locked. Reason: Exhausted balance.", "quota"),
        (404, SUBMIT, "model_not_found", "The model does not exist", "retired"),
        (404, SUBMIT, "", "Not Found", "retired"),
        (404, POLL, "", "Video not found", "not_found"),
        (404, POLL, "", "This API has been deprecated and shut down", "retired"),
        (404, DOWNLOAD, "", "The video is no longer available", "not_found"),
        (404, CHECK, "", "Not Found", "not_found"),
        (410, SUBMIT, "", "Gone", "retired"),
        (410, POLL, "", "Gone", "retired"),
        (410, DOWNLOAD, "video_expired", "the video has expired", "not_found"),
        (408, SUBMIT, "", "", "outcome_unknown"),
        (408, POLL, "", "", "timeout"),
        (409, SUBMIT, "", "", "capacity"),
        (413, SUBMIT, "", "too large", "invalid_request"),
        (422, SUBMIT, "", "prompt: Field required", "invalid_request"),
        (429, SUBMIT, "rate_limit_exceeded", "slow down", "rate_limited"),
        (429, SUBMIT, "", "当前分组上游负载已饱和", "rate_limited"),
        (429, SUBMIT, "insufficient_quota", "You exceeded your current quota", "quota"),
        (429, SUBMIT, "", "Your account balance is too low", "quota"),
        (500, SUBMIT, "", "oops", "outcome_unknown"),
        (503, SUBMIT, "overloaded", "", "outcome_unknown"),
        (504, SUBMIT, "", "", "outcome_unknown"),
        (500, SUBMIT, "moderation_blocked", "", "outcome_unknown"),
        (500, POLL, "", "", "capacity"),
        (503, POLL, "", "", "capacity"),
        (504, POLL, "", "", "timeout"),
        (200, SUBMIT, "", "<html>", "outcome_unknown"),
        (200, SUBMIT, "insufficient_user_quota", "", "quota"),
        (301, SUBMIT, "", "", "unreachable"),
        (308, SUBMIT, "", "", "unreachable"),
        (303, SUBMIT, "", "", "outcome_unknown"),
        (302, POLL, "", "", "capacity"),
    ],
)
def test_an_answer_is_of_the_kind_the_facts_say(status: int, call: Call, code: str, message: str, kind: str) -> None:
    assert kind_of(status, call, code, message) == kind


def test_a_listed_5xx_is_the_services_word_that_nothing_was_started() -> None:
    listed = frozenset({(503, "overloaded")})
    assert kind_of(503, SUBMIT, "overloaded", not_accepted=listed) == "capacity"
    assert kind_of(503, SUBMIT, "", not_accepted=listed) == "outcome_unknown"
    assert kind_of(500, SUBMIT, "overloaded", not_accepted=listed) == "outcome_unknown"


@given(
    status=st.integers(100, 599),
    call=st.sampled_from(Call),
    code=st.sampled_from(["", "moderation_blocked", "insufficient_quota", "model_not_found", "x"]),
    message=st.text(max_size=80),
)
def test_only_a_submit_can_be_left_open_and_a_5xx_to_it_always_is(
    status: int, call: Call, code: str, message: str
) -> None:
    kind = kind_of(status, call, code, message)
    assert kind in BY_KIND
    if call is not SUBMIT:
        assert kind != "outcome_unknown"
    elif status >= 500:
        assert kind == "outcome_unknown"
    elif 400 <= status not in {408, 499}:
        assert kind != "outcome_unknown"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after-ms": "250"}, 0.25),
        ({"retry-after-ms": "250", "retry-after": "7"}, 0.25),
        ({"retry-after": "Sat, 21 Nov 2026 09:02:00 GMT", "date": "Sat, 21 Nov 2026 09:00:00 GMT"}, 120.0),
        ({"retry-after": "Sat, 21 Nov 2026 08:00:00 GMT", "date": "Sat, 21 Nov 2026 09:00:00 GMT"}, 0.0),
        ({"retry-after": "Sat, 21 Nov 2026 09:02:00 GMT"}, None),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after": "1e300"}, 3600.0),
        ({"retry-after": "Sat, 21 Nov 2099 09:02:00 GMT", "date": "Sat, 21 Nov 2026 09:00:00 GMT"}, 3600.0),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "soon"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_read_in_all_its_forms(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_s(httpx.Headers(headers)) == seconds


def test_the_number_to_quote_to_the_services_support_is_kept() -> None:
    for name in ("x-request-id", "X-Fal-Request-Id", "cf-ray"):
        answer = Answer(status=500, headers=httpx.Headers({name: "req-1"}))
        assert error_of(answer, call=POLL, code="", message="").request_id == "req-1"


@pytest.mark.parametrize(
    ("words", "tidied"),
    [
        ("see https://x.example/film.mp4?X-Amz-Signature=abc&y=1 now", "see https://x.example/film.mp4 now"),
        ("https://user:pass@x.example/a", "https://x.example/a"),
        ("bad key sk-abcdefghijkl", "bad key sk-…"),
        ("Authorization: Bearer abcdefgh12345", "Authorization: Bearer …"),
        ("two\nlines\t\x07 here", "two lines here"),
        ("a" * 500, "a" * 399 + "…"),
    ],
)
def test_words_of_a_service_are_repeated_without_secrets_on_one_line(words: str, tidied: str) -> None:
    assert tidy(words) == tidied
