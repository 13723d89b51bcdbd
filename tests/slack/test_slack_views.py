import json
import re
from collections.abc import Iterator
from datetime import timedelta

import drawn_views
import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_values import offer

from bot.slack.ids import ActionId
from bot.slack.payloads import JOINERS
from bot.slack.views.form import FIELD_CHARS_MAX, split_prompt, video_form
from bot.slack.views.form_fields import FormValue
from bot.slack.views.words import quoted, sentence, span, usd

MESSAGES = drawn_views.messages()
FORMS = drawn_views.forms()
LEFT_HAND_WORDS = re.compile(
    r"\b(provider|upstream|order|attempt|render|renders|hold|held|capture[sd]?|release[sd]?|circuit|cards?|"
    r"workflow|ledger|micros)s?\b",
    re.IGNORECASE,
)
BAR_GLYPHS = re.compile("[█▓▒░▁▂▃▄▅▆▇▰▱■□▮▯]")


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_looks_as_agreed(name, golden):
    golden(name, {"text": MESSAGES[name].text, "blocks": MESSAGES[name].blocks})


@pytest.mark.parametrize("name", FORMS)
def test_a_form_looks_as_agreed(name, golden):
    golden(name, FORMS[name])


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_keeps_slacks_limits(name):
    text, blocks = MESSAGES[name].text, MESSAGES[name].blocks
    assert 0 < len(text) <= 4000
    assert len(blocks) <= 50
    assert text[0].isupper()
    assert text.endswith((".", "?", "!", "…"))
    _check_blocks(blocks)


@pytest.mark.parametrize("name", FORMS)
def test_a_form_keeps_slacks_limits(name):
    view = FORMS[name]
    assert len(view["blocks"]) <= 100
    assert len(json.dumps(view)) < 250_000
    for part in ("title", "submit", "close"):
        assert len(view.get(part, {"text": ""})["text"]) <= 24
    assert len(view.get("private_metadata", "")) <= 3000
    ids = [each["block_id"] for each in view["blocks"] if "block_id" in each]
    assert len(ids) == len(set(ids))
    _check_blocks(view["blocks"])


@pytest.mark.parametrize("name", [*MESSAGES, *FORMS])
def test_our_own_words_never_reach_the_screen(name):
    drawn = {"text": MESSAGES[name].text, "blocks": MESSAGES[name].blocks} if name in MESSAGES else FORMS[name]
    for text in _texts(drawn):
        assert not LEFT_HAND_WORDS.search(re.sub("`[^`]*`", "", text)), text
        assert not BAR_GLYPHS.search(text)


@pytest.mark.parametrize("name", [*MESSAGES, *FORMS])
def test_nothing_a_person_wrote_can_ping_or_link(name):
    drawn = MESSAGES[name].blocks if name in MESSAGES else FORMS[name]["blocks"]
    for text in _mrkdwn(drawn):
        assert "<!channel>" not in text
        assert "<@U123>" not in text
        assert "<https://evil" not in text
        assert "://evil" not in text


@pytest.mark.parametrize("name", [name for name in MESSAGES if name.startswith("card_")])
def test_a_card_keeps_a_services_words_to_its_person(name):
    assert "secret details" not in json.dumps(MESSAGES[name].blocks) + MESSAGES[name].text


def test_the_requester_reads_what_the_service_said():
    assert "secret details" in json.dumps(MESSAGES["list_show"].blocks).lower()


def test_a_refusal_says_who_and_that_nothing_was_charged():
    assert "Not made: fal turned this down. Nothing was charged." in MESSAGES["card_failed_refused"].text


def test_a_doubtful_submit_says_what_happens_to_the_money():
    said = json.dumps(MESSAGES["card_checking"].blocks)
    assert "$0.80 stays reserved while we check. You need do nothing; nothing is sent twice." in said


@pytest.mark.parametrize(
    ("name", "buttons"),
    [
        ("card_done", [ActionId.AGAIN, ActionId.EDIT, ActionId.DELETE]),
        ("card_failed_refused", [ActionId.EDIT, ActionId.REMOVE]),
        ("card_done_unconfirmed", [ActionId.AGAIN, ActionId.EDIT, ActionId.SEND_AGAIN, ActionId.DELETE]),
        ("card_making", [ActionId.CANCEL]),
        ("card_overdue", [ActionId.KEEP_WAITING, ActionId.ELSEWHERE, ActionId.CANCEL]),
        ("card_cancelling", []),
        ("card_delivering", []),
        ("card_cancelled_made", [ActionId.SEND_AGAIN, ActionId.EDIT, ActionId.REMOVE]),
    ],
)
def test_a_card_offers_what_makes_sense_now(name, buttons):
    assert [each["action_id"] for each in _elements(MESSAGES[name].blocks, "button")] == buttons


def test_help_is_five_lines():
    assert MESSAGES["list_help"].blocks[0]["text"]["text"].count("\n") == 4


def test_status_begins_with_how_things_are():
    assert MESSAGES["list_status_good"].text.startswith("All good: videos take about 2 min")


def test_the_price_stands_on_the_forms_button():
    assert FORMS["form_filled"]["submit"]["text"] == "Make it · $0.80"
    assert FORMS["form_empty_complaint"]["submit"]["text"] == "Make it · $0.80"
    assert FORMS["form_complaint"]["submit"]["text"] == "Make it"
    assert FORMS["form_free"]["submit"]["text"] == "Make it · free"


def test_auto_keeps_a_length_that_no_model_has_exactly():
    form = video_form(FormValue(draft_id="d", offer=offer(model_name=None, length_s=10), choices=()))
    field = next(each for each in form["blocks"] if each.get("block_id", "").startswith("length_"))
    assert field["element"]["initial_option"]["value"] == "10"


def test_a_select_that_allows_something_else_is_another_field():
    def lengths(form):
        return next(each["block_id"] for each in form["blocks"] if each.get("block_id", "").startswith("length_"))

    assert lengths(FORMS["form_filled"]) == lengths(FORMS["form_auto"])
    assert lengths(FORMS["form_filled"]) != lengths(FORMS["form_more_sound_fixed"])


@given(st.text(alphabet=st.sampled_from("ab \n\té🐕"), min_size=0, max_size=9500))
def test_a_split_prompt_joins_to_itself(prompt):
    parts = split_prompt(prompt)
    assert "".join(JOINERS[joiner] + part for joiner, part in parts) == prompt
    assert all(len(part) <= FIELD_CHARS_MAX for _, part in parts)


def test_a_prompt_of_3001_characters_is_two_fields():
    prompt = "x" * 2990 + " " + "y" * 10
    assert split_prompt(prompt) == [("none", "x" * 2990), ("space", "y" * 10)]


def test_parts_neither_begin_nor_end_with_space_where_that_can_be_helped():
    parts = [part for _, part in split_prompt("word " * 1500 + "end")]
    assert all(part == part.strip() for part in parts)


@pytest.mark.parametrize(
    ("micros", "words"),
    [
        (0, "$0.00"),
        (1, "under $0.01"),
        (9_999, "under $0.01"),
        (10_000, "$0.01"),
        (800_000, "$0.80"),
        (1_234_567_890, "$1,234.57"),
    ],
)
def test_money(micros, words):
    assert usd(micros) == words


def test_spans_have_one_unit():

    assert [span(timedelta(seconds=each)) for each in (-3, 45, 130, 7200, 200_000)] == [
        "0 s",
        "45 s",
        "2 min",
        "2 h",
        "2 days",
    ]


@given(st.text())
def test_quoted_text_has_no_markup_left(text):
    assert not set(quoted(text)) & {"<", ">"}
    assert re.fullmatch(r"(?:[^&]|&amp;|&lt;|&gt;)*", quoted(text))
    sentence(text)


def _check_blocks(blocks) -> None:
    for block in blocks:
        if block["type"] == "section":
            assert 0 < len(block["text"]["text"]) <= 3000
        if block["type"] == "context":
            assert 1 <= len(block["elements"]) <= 10
            assert all(each["text"] for each in block["elements"])
    for button in _elements(blocks, "button"):
        assert len(button["text"]["text"]) <= 75
        assert 0 < len(button["accessibility_label"]) <= 75
        assert len(button["value"]) <= 2000
        assert button["action_id"] in set(ActionId)
    for select in _elements(blocks, "static_select"):
        assert 1 <= len(select["options"]) <= 100
        assert select["initial_option"] in select["options"]
        for option in select["options"]:
            assert len(option["text"]["text"]) <= 75
            assert len(option["value"]) <= 75
    for field in _elements(blocks, "plain_text_input"):
        assert len(field.get("initial_value", "")) <= 3000
    for image in _elements(blocks, "image"):
        assert 0 < len(image["alt_text"]) <= 2000


def _elements(drawn, kind) -> Iterator[dict]:
    if isinstance(drawn, dict):
        if drawn.get("type") == kind:
            yield drawn
        for each in drawn.values():
            yield from _elements(each, kind)
    elif isinstance(drawn, list):
        for each in drawn:
            yield from _elements(each, kind)


def _texts(drawn, key="") -> Iterator[str]:
    """What is shown or read aloud."""
    if isinstance(drawn, dict):
        for name, each in drawn.items():
            yield from _texts(each, name)
    elif isinstance(drawn, list):
        for each in drawn:
            yield from _texts(each, key)
    elif isinstance(drawn, str) and key in {"text", "accessibility_label", "alt_text", "label", "hint", "placeholder"}:
        yield drawn


def _mrkdwn(drawn) -> Iterator[str]:
    for each in _elements(drawn, "mrkdwn"):
        yield each["text"]
