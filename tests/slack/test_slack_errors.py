"""The one table from error to words."""

import pytest

from bot.media.pictures import PictureRefused, Reason
from bot.slack import failures
from bot.slack.errors import OURS, WORDS, words_for

LEAVES = [
    each
    for each in vars(failures).values()
    if isinstance(each, type) and issubclass(each, failures.SlackFailure) and not each.__subclasses__()
]


def example(kind):
    match kind:
        case failures.TryLater:
            return failures.TryLater("views.open", "ratelimited", 3.0)
        case failures.MissingScope:
            return failures.MissingScope("files.info", "missing_scope", "files:read")
        case _:
            return kind("views.open", "some_code")


@pytest.mark.parametrize("kind", LEAVES)
def test_each_failure_of_slack_has_words_that_say_what_next_and_never_its_code(kind):
    words = words_for(example(kind))
    assert words.endswith(".")
    assert "some_code" not in words
    assert words != OURS


def test_a_refused_picture_speaks_for_itself():
    assert words_for(PictureRefused(Reason.TOO_SMALL, "Too small.")) == "Too small. Nothing was charged."


def test_anything_else_is_ours_and_tells_nothing_of_its_inside():
    assert words_for(KeyError("a prompt")) == OURS


def test_the_table_says_where_the_money_is():
    for kind, words in WORDS.items():
        assert not words or "charged" in words or kind is failures.TokenDead
