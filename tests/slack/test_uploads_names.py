"""File names, titles and alt texts from prompts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack.filenames import alt_text, file_name, file_title


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        ("a corgi surfing at sunset", "corgi-surfing-at-sunset-8s-142.mp4"),
        ("The Café Møller, Zürich!", "cafe-mller-zurich-8s-142.mp4"),
        ("it's raining", "its-raining-8s-142.mp4"),
        ("🐶🏄🌅", "video-8s-142.mp4"),
        ("كلب يركب الأمواج", "video-8s-142.mp4"),
        ("a", "video-8s-142.mp4"),
        ("../../etc/passwd", "etc-passwd-8s-142.mp4"),
        ("x" * 100, "x" * 60 + "-8s-142.mp4"),
        ("<!channel> look", "channel-look-8s-142.mp4"),
    ],
)
def test_a_file_is_named_after_its_prompt(prompt: str, name: str) -> None:
    assert file_name(prompt, length_s=8, number=142) == name


def test_a_long_prompt_is_cut_between_words() -> None:
    name = file_name("slow pan over a misty pine forest at dawn while the camera glides along", length_s=5, number=7)
    assert name == "slow-pan-over-a-misty-pine-forest-at-dawn-while-the-camera-5s-7.mp4"


@given(st.text(max_size=3000))
def test_no_prompt_breaks_a_limit_or_turns_a_title_round(prompt: str) -> None:
    name = file_name(prompt, length_s=8, number=142)
    assert name.isascii()
    assert len(name) <= 80
    title = file_title(prompt, number=142)
    assert 0 < len(title) <= 110
    assert not set(title) & set("\n\r\t\x00\u202e\u2066")
    assert len(alt_text(prompt, length_s=8)) <= 1000
