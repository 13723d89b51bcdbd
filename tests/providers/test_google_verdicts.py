"""Whatever JSON comes in place of Google's answers, a kind comes out, and money is judged by the status alone."""

from typing import Any

import httpx
from hypothesis import given
from hypothesis import strategies as st

from bot.providers.answers import Answer, Call
from bot.providers.base import RenderState
from bot.providers.errors import BY_KIND, OutcomeUnknown, ProviderError
from bot.providers.gemini_interaction import interaction_in, status_of, was_billed
from bot.providers.google_verdicts import failure_of, is_refusal, refusal

WORDS = st.sampled_from([
    "SAFETY", "PROHIBITED_CONTENT", "invalid_request", "RESOURCE_EXHAUSTED", "UNAVAILABLE", "API key not valid",
    "Invalid interaction name", "type.googleapis.com/INTERNAL", "41.5s", "completed", "failed", "video", "model_output",
    "https://x/film.mp4", "",
])  # fmt: skip
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), WORDS)
JSON = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3))
DETAILS = st.lists(
    JSON | st.fixed_dictionaries({}, optional={"retryDelay": JSON, "reason": JSON, "violations": JSON | st.lists(JSON)})
)
ERRORS = JSON | st.fixed_dictionaries(
    {}, optional={"code": JSON, "message": JSON, "status": JSON, "details": DETAILS | JSON}
)
DOCUMENTS = JSON | st.fixed_dictionaries({"error": ERRORS}) | st.lists(st.fixed_dictionaries({"error": ERRORS}))
CONTENT = st.lists(JSON | st.fixed_dictionaries({}, optional={"type": WORDS, "text": JSON, "uri": JSON}))
STEPS = st.lists(JSON | st.fixed_dictionaries({"type": WORDS}, optional={"content": CONTENT | JSON, "error": ERRORS}))
COUNTS = st.lists(JSON | st.fixed_dictionaries({"modality": WORDS, "tokens": JSON}))
INTERACTIONS = st.fixed_dictionaries(
    {"status": st.sampled_from(["completed", "failed", "incomplete", "cancelled", "queued"]) | st.text()},
    optional={
        "steps": STEPS | JSON,
        "errors": st.lists(ERRORS) | JSON,
        "output_video": JSON,
        "usage": JSON | st.fixed_dictionaries({}, optional={"output_tokens_by_modality": COUNTS | JSON}),
    },
)


def answer(status: int, document: object) -> Answer:
    return Answer(status=status, headers=httpx.Headers(), document=document)


@given(status=st.integers(500, 599) | st.sampled_from([302, 303, 408, 499]), document=DOCUMENTS)
def test_a_5xx_or_a_see_other_to_a_submit_is_always_doubt(status: int, document: object) -> None:
    assert isinstance(refusal(answer(status, document), Call.SUBMIT), OutcomeUnknown)


@given(status=st.integers(400, 498).filter(lambda status: status != 408), document=DOCUMENTS)
def test_a_4xx_to_a_submit_is_never_doubt(status: int, document: object) -> None:
    assert not isinstance(refusal(answer(status, document), Call.SUBMIT), OutcomeUnknown)


@given(status=st.integers(200, 599), document=DOCUMENTS, call=st.sampled_from(Call))
def test_every_answer_has_a_kind(status: int, document: object, call: Call) -> None:
    error = refusal(answer(status, document), call)
    assert type(error) is BY_KIND[error.kind]
    assert len(error.detail) < 1000


@given(errors=st.lists(ERRORS))
def test_every_failure_can_be_read(errors: list[Any]) -> None:
    failure = failure_of(errors, "nothing else")
    assert isinstance(failure, ProviderError)
    assert failure.detail


@given(interaction=INTERACTIONS)
def test_every_interaction_has_a_state_and_a_success_has_a_link(interaction: dict[str, Any]) -> None:
    assert interaction_in(interaction) is interaction
    status = status_of(interaction)
    assert (status.state is RenderState.SUCCEEDED) == bool(status.result_ref)
    assert (status.state in {RenderState.FAILED, RenderState.CANCELLED}) == (status.failure is not None)
    assert was_billed(interaction) in {True, False}


def test_a_token_counts_and_a_longer_word_around_it_does_not() -> None:
    assert is_refusal("finish reason: SAFETY.")
    assert is_refusal("IMAGE_SAFETY")
    assert not is_refusal("HARM_SAFETY_SETTINGS is unknown")
    assert not is_refusal("a safety car on a race track")
