"""The preview's film is a real one, moves, and says what it is."""

import io
import time
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from bot.media.animatic import AnimaticRequest, AnimaticStopped, render_animatic
from bot.media.film.lettering import drawable, wrapped
from bot.media.film.mood import Move, Place, Weather, read_mood
from bot.media.film.places import PAINTERS
from bot.media.film.stage import Stage
from bot.media.inspect import inspect_video

LABEL = "Preview animatic, not an AI video"
SMALL = (320, 180)


def film_of(
    tmp_path: Path,
    prompt: str = "A corgi surfing at sunset",
    *,
    length_s: int = 1,
    size_px: tuple[int, int] = SMALL,
    picture: bytes | None = None,
    audio: bool = True,
    label: str = LABEL,
) -> Path:
    path = tmp_path / f"{len(list(tmp_path.iterdir()))}.mp4"
    request = AnimaticRequest(
        prompt=prompt, length_s=length_s, size_px=size_px, picture=picture, audio=audio, label=label
    )
    render_animatic(request, path)
    return path


def frames(path: Path) -> NDArray[np.int16]:
    with av.open(str(path)) as film:
        return np.stack([frame.to_ndarray(format="rgb24").astype(np.int16) for frame in film.decode(video=0)])


def test_the_film_is_an_mp4_that_every_slack_client_plays(tmp_path: Path) -> None:
    path = film_of(tmp_path, length_s=2)
    facts = inspect_video(path)
    assert facts.length_s == pytest.approx(2, abs=0.05)
    assert (facts.size_px, facts.has_audio, facts.faststart) == (SMALL, True, True)
    with av.open(str(path)) as film:
        video, sound = film.streams.video[0], film.streams.audio[0]
        assert (video.codec_context.name, video.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert sound.codec_context.name == "aac"
        assert film.metadata["title"] == "A corgi surfing at sunset"
        assert film.metadata["comment"] == LABEL


def test_the_sound_is_soft_and_really_there(tmp_path: Path) -> None:
    with av.open(str(film_of(tmp_path, length_s=2))) as film:
        loudness = np.concatenate([frame.to_ndarray().ravel() for frame in film.decode(audio=0)])
    assert 0.01 < float(np.sqrt(np.mean(loudness**2))) < 0.3
    assert float(np.abs(loudness).max()) <= 0.8
    assert not inspect_video(film_of(tmp_path, audio=False)).has_audio


def test_the_same_request_gives_the_same_bytes(tmp_path: Path) -> None:
    assert film_of(tmp_path).read_bytes() == film_of(tmp_path).read_bytes()


def test_it_moves_and_is_never_black(tmp_path: Path) -> None:
    shown = frames(film_of(tmp_path, "a night forest, zoom in", length_s=2))
    assert np.abs(shown[0] - shown[-1]).mean() > 1
    assert np.abs(np.diff(shown, axis=0)).mean(axis=(1, 2, 3)).min() > 0.02, "every frame differs from the one before"
    assert shown.mean(axis=(1, 2, 3)).min() > 12


def test_words_choose_the_colours(tmp_path: Path) -> None:
    def warmth(prompt: str) -> float:
        sky = frames(film_of(tmp_path, prompt))[12, 40:100]
        return float(sky[..., 0].mean() - sky[..., 2].mean())

    assert warmth("the sea at sunset") > 40
    assert warmth("the blue sea at noon") < -10


def test_the_label_and_the_prompt_are_on_the_film(tmp_path: Path) -> None:
    plain = frames(film_of(tmp_path, label="A"))
    other = frames(film_of(tmp_path, label=LABEL))
    changed = np.abs(plain[20] - other[20]).max(axis=2) > 40
    assert changed[:30, :160].any()
    assert not changed[60:].any()
    caption = frames(film_of(tmp_path, length_s=2))[40, 130:170, 20:].max(axis=2)
    assert (caption > 225).sum() > 100, "white letters"


def test_a_given_picture_is_the_film(tmp_path: Path) -> None:
    picture = Image.new("RGB", (800, 800), (30, 160, 60))
    picture.paste((200, 30, 30), (300, 300, 500, 500))
    file = io.BytesIO()
    picture.save(file, "PNG")
    shown = frames(film_of(tmp_path, "slow push in", picture=file.getvalue(), length_s=2))
    for frame in (shown[0], shown[-1]):
        assert np.abs(frame[88, 160] - (200, 30, 30)).max() < 25
        assert np.abs(frame[60, 10] - (30, 160, 60)).max() < 25
    red = (shown[..., 0] > 150).sum(axis=(1, 2))
    assert red[-1] > red[0] * 1.1, "the camera came nearer"


@pytest.mark.parametrize(
    "prompt",
    ["", "🎬🐕", "一只柯基犬在日落时冲浪", "قارب في البحر", "\x00\x07\ud800", "W" * 3000, "<b>*x*</b> & `y`", "कुत्ता"],
)
def test_any_prompt_makes_a_film(tmp_path: Path, prompt: str) -> None:
    assert inspect_video(film_of(tmp_path, prompt)).bytes > 2000


@pytest.mark.parametrize("size_px", [(64, 64), (180, 320), (322, 182), (640, 98)])
@pytest.mark.parametrize("weather", ["rain", "snow", "fireflies", ""])
def test_any_size_and_weather_works(tmp_path: Path, size_px: tuple[int, int], weather: str) -> None:
    assert inspect_video(film_of(tmp_path, f"a city {weather}", size_px=size_px)).size_px == size_px


@pytest.mark.parametrize("place", list(Place))
@pytest.mark.parametrize("move", ["pan", "pan left", "tilt up", "aerial"])
def test_the_ground_reaches_both_edges_all_the_time(place: Place, move: str) -> None:
    mood = read_mood(f"{'mountains' if place is Place.HILLS else place.value} {move}")
    assert mood.place is place
    rng = np.random.default_rng(1)
    stage = Stage(mood=mood, size_px=(320, 180), length_s=8, travel_px=(50, 12), rng=rng)
    for layer in PAINTERS[place](stage):
        width = layer.colour.bands[0].width
        if width < 320:
            continue  # a thing, not ground
        for time_s in (0, 8):
            for travel in (-50, 50):
                left = layer.left_px + travel * layer.depth + layer.drift_px_s * time_s
                assert left <= 0
                assert left + width >= 320


def test_words_of_the_prompt_are_understood() -> None:
    mood = read_mood("Neon Tokyo street in the rain, the camera pulls back (zoom out)")
    assert (mood.place, mood.weather, mood.move) == (Place.CITY, Weather.RAIN, Move.PULL_OUT)
    assert read_mood("夕阳下的大海，航拍").place is Place.SEA
    assert read_mood("夕阳下的大海，航拍").move is Move.AERIAL
    assert read_mood("something else") == read_mood("something else")


def test_letters_without_a_font_are_left_out_and_no_box_is_drawn() -> None:
    assert drawable("a 🎬 b\u200d\n\tc") == "a b c"
    assert drawable("\ue000\U000f0000") == ""


def test_long_text_is_broken_and_ends_in_an_ellipsis() -> None:
    lines = wrapped("one two three four five six seven", 20, width_px=120, lines_max=2)
    assert len(lines) == 2
    assert lines[0].startswith("one two")
    assert lines[1].endswith("…")
    assert wrapped("short", 20, width_px=300, lines_max=2) == ["short"]


def test_stopping_leaves_nothing_behind(tmp_path: Path) -> None:
    looks = iter([False] * 5)
    request = AnimaticRequest(prompt="a", length_s=2, size_px=SMALL, label=LABEL)
    with pytest.raises(AnimaticStopped):
        render_animatic(request, tmp_path / "film.mp4", should_stop=lambda: next(looks, True))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("length_s", "size_px"), [(0, SMALL), (601, SMALL), (1, (321, 180)), (1, (32, 32))])
def test_what_cannot_be_made_is_said_at_once(tmp_path: Path, length_s: int, size_px: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="cannot make"):
        film_of(tmp_path, length_s=length_s, size_px=size_px)


def test_a_broken_picture_makes_no_film(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="cannot identify"):
        film_of(tmp_path, picture=b"no picture")
    assert list(tmp_path.iterdir()) == []


def test_two_seconds_of_hd_take_little_of_the_processor(tmp_path: Path) -> None:
    """About 0.8 s here; the bound only catches a return to painting in RGB on a busy machine."""
    before = time.process_time()
    film_of(tmp_path, "a forest in the rain, zoom in", length_s=2, size_px=(1280, 720))
    assert time.process_time() - before < 3
