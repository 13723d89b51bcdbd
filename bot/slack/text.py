"""What somebody typed after the command: a subcommand, or a prompt with options at its end.

Nothing of a prompt is ever cut, reordered or corrected. What is not understood stays in the text and is asked about.
"""

import difflib
import html
import re
import unicodedata
from dataclasses import dataclass, field
from enum import StrEnum

from bot.slack.options import Options, OptionTrouble, read_options


class Subcommand(StrEnum):
    HELP = "help"
    STATUS = "status"
    QUOTA = "quota"
    JOBS = "jobs"
    SHOW = "show"
    CANCEL = "cancel"
    SETTINGS = "settings"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Nothing:
    """No text: the form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A subcommand. `number` is the 142 of "show #142"; None means the latest. `code` is that of "admin 4F7K-22"."""

    subcommand: Subcommand
    number: int | None = None
    code: str = ""

    @property
    def opens_settings(self) -> bool:
        return self.subcommand in {Subcommand.SETTINGS, Subcommand.ADMIN} and not self.code


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """Something to make. `doubtful`: so short or so close to a command that the form asks first."""

    prompt: str
    options: Options = field(default_factory=Options)
    doubtful: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Misread:
    """Options that are not understood. `prompt` still holds every word that is not in `options`."""

    prompt: str
    options: Options
    troubles: tuple[OptionTrouble, ...]


Parsed = Nothing | Told | Prompt | Misread

_NOT_BUILT = frozenset({"find"})
_WITH_MORE = frozenset({"find", "settings", "admin"})
"""Begin a subcommand that takes something, or nearly one: a mistyped code must not become a prompt."""
_CODE = re.compile(r"admin\s+([a-z0-9]{4}[-\u2010-\u2015][a-z0-9]{2})")
"""Phones may turn the hyphen into a dash."""
_NUMBERED = re.compile(r"(show|cancel)\s+#?(\d{1,9})")
_NEARLY_NUMBERED = re.compile(r"(\w+)\s+#?\d+")
_END_PUNCTUATION = ".!?…。！？"
_CLOSE = 0.7
"""difflib's measure: "staus" is 0.91 of "status", "status symbol" 0.63."""
_WORD_CHARS_MAX = 24
_IDEOGRAPHS = 4
"""Languages written without spaces: from so many wide characters on, one "word" is a sentence."""


def parse(text: str) -> Parsed:
    """Read the text of a command or a direct message. Never raises.

    Slack sends `&`, `<` and `>` as entities (should_escape is off), so they are turned back exactly once.
    """
    typed = html.unescape(text).strip()
    if not typed:
        return Nothing()
    if (told := _subcommand(typed)) is not None:
        return told
    prompt, options, troubles = read_options(typed)
    if troubles:
        return Misread(prompt=prompt, options=options, troubles=troubles)
    if not prompt:
        return Prompt(prompt="", options=options, doubtful=True)
    return Prompt(prompt=prompt, options=options, doubtful=_is_one_word(prompt) or _is_nearly_a_command(prompt))


def _subcommand(typed: str) -> Told | None:
    """Only a whole text in its exact form, any case, is a subcommand: "status symbol" is a prompt."""
    said = _plain(typed)
    if said in set(Subcommand):
        return Told(subcommand=Subcommand(said))
    if said in _NOT_BUILT:
        return Told(subcommand=Subcommand.HELP)
    if (code := _CODE.fullmatch(said)) is not None:
        return Told(subcommand=Subcommand.ADMIN, code=code[1])
    if (numbered := _NUMBERED.fullmatch(said)) is not None:
        return Told(subcommand=Subcommand(numbered[1]), number=int(numbered[2]))
    return None


def _plain(typed: str) -> str:
    return " ".join(typed.rstrip(_END_PUNCTUATION + " ").lower().split())


def _is_one_word(prompt: str) -> bool:
    wide = sum(unicodedata.east_asian_width(each) in "WF" for each in prompt)
    return len(prompt.split()) == 1 and len(prompt) <= _WORD_CHARS_MAX and wide < _IDEOGRAPHS


def _is_nearly_a_command(prompt: str) -> bool:
    said = _plain(prompt)
    words = said.split()
    if len(words) > 3:
        return False
    names = [each.value for each in Subcommand]
    if words and words[0] in _WITH_MORE:
        return True
    if (numbered := _NEARLY_NUMBERED.fullmatch(said)) is not None:
        return bool(difflib.get_close_matches(numbered[1], ["show", "cancel"], cutoff=_CLOSE))
    return bool(difflib.get_close_matches(said, names, cutoff=_CLOSE))
