import html

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.catalogue.model import Shape
from bot.slack.options import Mistake, Options
from bot.slack.text import Misread, Nothing, Prompt, Subcommand, Told, parse


@pytest.mark.parametrize("text", ["", "   ", "\n\t"])
def test_no_text_opens_the_form(text):
    assert parse(text) == Nothing()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("help", Told(subcommand=Subcommand.HELP)),
        ("Status.", Told(subcommand=Subcommand.STATUS)),
        ("QUOTA!", Told(subcommand=Subcommand.QUOTA)),
        (" jobs ", Told(subcommand=Subcommand.JOBS)),
        ("show", Told(subcommand=Subcommand.SHOW)),
        ("show 142", Told(subcommand=Subcommand.SHOW, number=142)),
        ("Show  #142.", Told(subcommand=Subcommand.SHOW, number=142)),
        ("cancel #7", Told(subcommand=Subcommand.CANCEL, number=7)),
        ("find", Told(subcommand=Subcommand.HELP)),
        ("settings", Told(subcommand=Subcommand.SETTINGS)),
        ("Admin", Told(subcommand=Subcommand.ADMIN)),
        ("admin 4F7K-22", Told(subcommand=Subcommand.ADMIN, code="4f7k-22")),
        ("admin 4f7k–22.", Told(subcommand=Subcommand.ADMIN, code="4f7k–22")),
    ],
)
def test_a_subcommand_is_the_whole_text_in_its_exact_form(text, told):
    assert parse(text) == told


@pytest.mark.parametrize(
    "text",
    ["status symbol", "help me build a rocket", "show 142 cats dancing", "a cancelled show", "quota day dance club"],
)
def test_a_sentence_with_a_commands_word_is_a_prompt(text):
    assert parse(text) == Prompt(prompt=text)


@pytest.mark.parametrize(
    "text",
    ["staus", "corgi", "shwo 142", "statuss", "find corgi", "cancle #3", "my jobs", "🐕", "admin 4F7K22"],
)
def test_one_word_or_nearly_a_command_opens_the_form(text):
    assert parse(text) == Prompt(prompt=text, doubtful=True)


def test_a_sentence_written_without_spaces_is_not_one_word():
    assert parse("一只柯基在日落时冲浪") == Prompt(prompt="一只柯基在日落时冲浪")


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("a corgi --length 8", Options(length_s=8)),
        ("a corgi --8s", Options(length_s=8)),
        ("a corgi --seconds=12s", Options(length_s=12)),
        ("a corgi --wide --8s", Options(shape=Shape.WIDE, length_s=8)),
        ("a corgi --shape vertical", Options(shape=Shape.VERTICAL)),
        ("a corgi --aspect 1:1", Options(shape=Shape.SQUARE)),
        ("a corgi --size 1280x720", Options(shape=Shape.WIDE, resolution="720p")),
        ("a corgi --model Seedance 2.0 --audio off", Options(model="Seedance 2.0", audio=False)),
        ("a corgi --model “sora-2”", Options(model="sora-2")),
        ("a corgi --resolution 1080P --seed 7", Options(resolution="1080p", seed=7)),
        ("a corgi —length 8", Options(length_s=8)),
        ("a corgi —8s –wide", Options(length_s=8, shape=Shape.WIDE)),
        ("a corgi --Audio ON", Options(audio=True)),
    ],
)
def test_options_stand_at_the_end(text, options):
    assert parse(text) == Prompt(prompt="a corgi", options=options)


@pytest.mark.parametrize(
    "text",
    [
        "the sea — wide and calm",
        "a city—wide shot from above",
        "a storm —sudden and loud",
        "rock -- paper -- scissors",
        "a “quoted” dog’s life",
        "a —widening river",
        "well-lit -wide street",
        "rocket payload separation {payload}",
        "ping <!channel> and <@U123> at <https://x.example|here>",
        "כלב גולש על גלים בשקיעה",
        "🏄 🐕 🌅",
    ],
)
def test_prose_stays_prose(text):
    assert parse(text) == Prompt(prompt=text)


def test_entities_are_turned_back_exactly_once():
    assert parse("salt &amp;amp; pepper &lt;3 you") == Prompt(prompt="salt &amp; pepper <3 you")


@pytest.mark.parametrize(
    ("text", "mistake", "kept"),
    [
        ("a corgi --lenght 8", Mistake.UNKNOWN, "a corgi --lenght 8"),
        ("a corgi --wide --square", Mistake.REPEATED, "a corgi --square"),
        ("a corgi --length", Mistake.NO_VALUE, "a corgi --length"),
        ("a corgi --audio", Mistake.NO_VALUE, "a corgi --audio"),
        ("a corgi --length long", Mistake.BAD_VALUE, "a corgi --length long"),
        ("a corgi --length ٨", Mistake.BAD_VALUE, "a corgi --length ٨"),
        ("a corgi --wide surfing home", Mistake.NOT_AT_END, "a corgi --wide surfing home"),
        ("a corgi —length 8 on the beach", Mistake.BAD_VALUE, "a corgi —length 8 on the beach"),
        ("a corgi --seed 99999999999", Mistake.BAD_VALUE, "a corgi --seed 99999999999"),
    ],
)
def test_an_option_not_understood_is_asked_about_and_kept(text, mistake, kept):
    misread = parse(text)
    assert isinstance(misread, Misread)
    assert [each.mistake for each in misread.troubles] == [mistake]
    assert misread.prompt == kept


def test_a_misspelt_option_is_told_the_right_one():
    misread = parse("a corgi --lenght 8")
    assert isinstance(misread, Misread)
    assert misread.troubles[0].suggestion == "--length"


def test_options_alone_open_the_form_with_them():
    assert parse("--wide") == Prompt(prompt="", options=Options(shape=Shape.WIDE), doubtful=True)


def test_a_long_prompt_is_whole():
    text = "ä " * 1500 + "e"
    assert parse(text) == Prompt(prompt=text)


@given(st.text())
def test_parsing_never_raises_and_loses_no_text_without_options(text):
    parsed = parse(text)
    match parsed:
        case Prompt(options=Options(model=None, length_s=None, shape=None, resolution=None, audio=None, seed=None)):
            assert parsed.prompt == html.unescape(text).strip()
        case Nothing():
            assert not html.unescape(text).strip()
        case _:
            pass


LETTERS = st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"])
PIECES = st.lists(
    st.one_of(
        st.sampled_from(["--wide", "—wide", "--length 8", "—length", "--lenght 3", "--8s", "--model", "--", "—"]),
        st.text(alphabet=LETTERS, min_size=1, max_size=8).filter(
            lambda word: "&" not in word and not word.startswith(("-", "—", "–"))
        ),
    ),
    min_size=1,
)


@given(PIECES)
def test_every_word_stands_in_the_prompt_or_in_an_option(pieces):
    typed = " ".join(pieces)
    parsed = parse(typed)
    if isinstance(parsed, Prompt | Misread):
        options = parsed.options
        said = f"{options.model} {options.length_s}"
        consumed = {"--wide", "—wide", "--length", "—length", "8", "--8s", "--model"}
        for word in typed.split():
            assert word in parsed.prompt.split() or word in consumed or word.strip("\"'“”„‟‘’‚‛«»") in said
