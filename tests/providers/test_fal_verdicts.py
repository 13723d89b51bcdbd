"""Whatever JSON comes in place of fal's errors, a kind comes out, and money is judged by the status alone."""

import httpx
from hypothesis import given
from hypothesis import strategies as st

from bot.providers.answers import Answer, Call
from bot.providers.errors import BY_KIND, OutcomeUnknown, ProviderError
from bot.providers.fal_verdicts import failure_in_status, is_verdict, refusal, said_in_status

WORDS = st.sampled_from([
    "content_policy_violation", "runner_disconnected", "request_timeout", "bad_request", "client_cancelled",
    "User is locked. Reason: Exhausted balance.", "User is locked.", "balance", "no longer available", "",
])  # fmt: skip
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=20), WORDS)
JSON = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3))
PROBLEMS = st.lists(st.fixed_dictionaries({}, optional={"loc": JSON, "msg": JSON, "type": JSON, "input": JSON}) | JSON)
DOCUMENTS = JSON | st.fixed_dictionaries(
    {}, optional={"detail": PROBLEMS | JSON, "error_type": JSON, "error": JSON, "status": JSON}
)
HEADERS = st.fixed_dictionaries({}, optional={"x-fal-error-type": WORDS, "x-fal-request-id": st.just("1")})


def answer(status: int, document: object, headers: dict[str, str]) -> Answer:
    return Answer(status=status, headers=httpx.Headers(headers), document=document)


@given(status=st.integers(500, 599) | st.sampled_from([302, 303]), document=DOCUMENTS, headers=HEADERS)
def test_a_5xx_or_a_see_other_to_a_submit_is_always_doubt(
    status: int, document: object, headers: dict[str, str]
) -> None:
    assert isinstance(refusal(answer(status, document, headers), Call.SUBMIT), OutcomeUnknown)


@given(status=st.integers(400, 498).filter(lambda status: status != 408), document=DOCUMENTS, headers=HEADERS)
def test_a_4xx_to_a_submit_is_never_doubt(status: int, document: object, headers: dict[str, str]) -> None:
    assert not isinstance(refusal(answer(status, document, headers), Call.SUBMIT), OutcomeUnknown)


@given(status=st.integers(300, 599), document=DOCUMENTS, headers=HEADERS, call=st.sampled_from(Call))
def test_every_answer_has_a_kind(status: int, document: object, headers: dict[str, str], call: Call) -> None:
    told = answer(status, document, headers)
    error = refusal(told, call)
    assert type(error) is BY_KIND[error.kind]
    assert len(error.detail) < 1000
    assert is_verdict(told) in {True, False}


@given(document=st.dictionaries(st.text(), JSON) | st.fixed_dictionaries({"error": JSON, "error_type": JSON}))
def test_every_status_document_can_be_read(document: dict[str, object]) -> None:
    failure = failure_in_status(document)
    assert failure is None or isinstance(failure, ProviderError)
    assert said_in_status(document).detail


@given(secret=st.text("abcdef", min_size=12, max_size=30), status=st.sampled_from([400, 422, 500]))
def test_what_a_person_wrote_is_not_repeated(secret: str, status: int) -> None:
    problem = {
        "loc": ["body", "prompt"],
        "msg": "too long",
        "type": "string_too_long",
        "input": secret,
        "ctx": {"x": secret},
    }
    assert secret not in refusal(answer(status, {"detail": [problem]}, {}), Call.POLL).detail


def test_a_refusal_among_several_problems_is_the_one_that_counts() -> None:
    problems = [{"loc": ["body"], "msg": "a", "type": "value_error"}, {"msg": "b", "type": "content_policy_violation"}]
    assert refusal(answer(422, {"detail": problems}, {}), Call.POLL).kind == "moderation"
