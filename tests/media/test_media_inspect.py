"""What counts as a deliverable video."""

import io
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from bot.media.animatic import AnimaticRequest, render_animatic
from bot.media.inspect import NotAVideo, TruncatedVideo, UnusableVideo, inspect_video, make_faststart, poster_frame

MakeFilm = Callable[..., Path]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """2 s with sound, index first."""
    path = tmp_path_factory.mktemp("films") / "whole.mp4"
    request = AnimaticRequest(prompt="a boat at dawn", length_s=2, size_px=(320, 180), label="Preview animatic")
    render_animatic(request, path)
    return path


@pytest.fixture
def film(tmp_path: Path) -> MakeFilm:
    """Plain films of any container, with frames chosen by a function of their number."""

    def make(
        name: str, *, codec: str = "libx264", frames: int = 24, paint: Callable[[int], int] = lambda _: 90
    ) -> Path:
        path = tmp_path / name
        noise = np.random.default_rng(1).integers(0, 120, (96, 160, 3), dtype=np.uint8)
        with av.open(str(path), "w") as out:
            stream = out.add_stream(codec, rate=24)
            stream.width, stream.height, stream.pix_fmt = 160, 96, "yuv420p"
            for number in range(frames):
                level = paint(number)
                picture = np.clip(noise.astype(int) * (level > 20) + level, 0, 255).astype(np.uint8)
                out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            out.mux(stream.encode(None))
        return path

    return make


def test_a_whole_film_tells_its_length_size_and_sound(whole: Path) -> None:
    facts = inspect_video(whole)
    assert facts.length_s == pytest.approx(2, abs=0.1)
    assert (facts.size_px, facts.has_audio, facts.faststart) == ((320, 180), True, True)
    assert facts.bytes == whole.stat().st_size


def test_a_film_without_sound_says_so(film: MakeFilm) -> None:
    facts = inspect_video(film("silent.mp4"))
    assert not facts.has_audio
    assert not facts.faststart  # written without the option, so the index comes last


@pytest.mark.parametrize("share", [0.05, 0.5, 0.9, 0.999])
def test_a_film_cut_off_is_found_with_the_index_first(whole: Path, tmp_path: Path, share: float) -> None:
    content = whole.read_bytes()
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(TruncatedVideo, match="cut off"):
        inspect_video(cut)


@pytest.mark.parametrize("share", [0.05, 0.5, 0.9, 0.999])
def test_a_film_cut_off_is_found_with_the_index_last(film: MakeFilm, tmp_path: Path, share: float) -> None:
    content = film("last.mp4").read_bytes()
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(TruncatedVideo, match="cut off"):
        inspect_video(cut)


def test_a_webm_is_a_video_and_a_cut_one_is_found(film: MakeFilm, tmp_path: Path) -> None:
    path = film("film.webm", codec="libvpx", frames=72)
    assert inspect_video(path).length_s == pytest.approx(3, abs=0.1)
    content = path.read_bytes()
    cut = tmp_path / "cut.webm"
    cut.write_bytes(content[: len(content) // 2])
    with pytest.raises(TruncatedVideo, match="cut off"):
        inspect_video(cut)


def png() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"<!DOCTYPE html><html><body>Sign in</body></html>", "web page"),
        (b"\xef\xbb\xbf\n <html>", "web page"),
        (b'{"error": {"code": "expired"}}', "message"),
        (b"not found", "not a video"),
        (b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", "not a video"),
        (b"ffconcat version 1.0\nfile '/etc/passwd'\n", "not a video"),
        (png(), "not a video"),
        (b"\x00\x00\x00\x18ftypmp42" + b"\x00" * 12, "cut off"),
        (b"\x00\x00\x00\x03ftypmp42" + b"\x00" * 12, "damaged"),
    ],
)
def test_what_is_not_a_video_is_refused_in_words(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "video.mp4"
    path.write_bytes(content)
    with pytest.raises(UnusableVideo, match=words) as refused:
        inspect_video(path)
    assert refused.value.words.endswith(".")


def test_sound_alone_is_not_a_video(tmp_path: Path) -> None:
    path = tmp_path / "song.mp4"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("aac", rate=44_100, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 44_100), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 44_100
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    with pytest.raises(NotAVideo, match="only sound"):
        inspect_video(path)


def test_a_film_of_zeroes_is_damaged_and_not_delivered(whole: Path, tmp_path: Path) -> None:
    """The right size and a good index, and nothing in between: what a broken proxy cache gives."""
    content = bytearray(whole.read_bytes())
    start = content.index(b"mdat") + 4
    content[start:] = bytes(len(content) - start)
    path = tmp_path / "zeroes.mp4"
    path.write_bytes(content)
    with pytest.raises(NotAVideo):
        inspect_video(path)


def test_an_index_at_the_end_is_moved_to_the_front_in_a_copy(film: MakeFilm) -> None:
    original = film("last.mp4")
    before = original.read_bytes()
    moved = make_faststart(original)
    assert moved != original
    assert original.read_bytes() == before
    assert inspect_video(moved).faststart
    assert _packets(moved) == _packets(original)
    assert sorted(each.name for each in original.parent.iterdir()) == ["last.faststart.mp4", "last.mp4"]


def test_a_film_that_plays_while_loading_is_left_alone(whole: Path) -> None:
    assert make_faststart(whole) == whole


def test_a_cut_film_is_not_rearranged(film: MakeFilm, tmp_path: Path) -> None:
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(film("last.mp4").read_bytes()[:-200])
    with pytest.raises(TruncatedVideo):
        make_faststart(cut)


def test_the_poster_is_not_one_of_the_black_frames(film: MakeFilm) -> None:
    path = film("fade.mp4", frames=96, paint=lambda number: 0 if number < 55 else 100)
    poster = Image.open(io.BytesIO(poster_frame(path, 80)))
    assert poster.format == "JPEG"
    assert max(poster.size) == 80
    assert np.asarray(poster.convert("L")).mean() > 60


def test_an_all_black_film_still_has_a_poster(film: MakeFilm) -> None:
    assert poster_frame(film("black.mp4", paint=lambda _: 0), 80).startswith(b"\xff\xd8")


def test_a_text_has_no_poster(tmp_path: Path) -> None:
    path = tmp_path / "video.mp4"
    path.write_text("no")
    with pytest.raises(NotAVideo):
        poster_frame(path, 80)


def _packets(path: Path) -> list[bytes]:
    with av.open(str(path)) as film:
        return [bytes(packet) for packet in film.demux(video=0) if packet.dts is not None]
