"""Whether a finished file is the video it should be, before anybody hears that it is ready. Blocking: call in a thread.

The container is named by the file's own first bytes and forced on FFmpeg, which otherwise also recognises playlists
in text and would open the files and addresses they name.
"""

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
from av.container import InputContainer
from PIL import Image, ImageStat

MATROSKA = b"\x1a\x45\xdf\xa3"
MP4_STARTS = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"})
POSTER_SHARES = (0.35, 0.6, 0.15, 0.85)
"""Where a poster is looked for: early middle first, the ends last because films fade there."""


class UnusableVideo(Exception):
    """The file cannot be delivered; `words` say why to a person."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


class NotAVideo(UnusableVideo):
    """Something else than a video: a page, a text, a picture, sound alone, or damage from the first frame on."""


class TruncatedVideo(UnusableVideo):
    """The file ends before what it declares."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoFacts:
    length_s: float
    size_px: tuple[int, int]
    has_audio: bool
    bytes: int
    faststart: bool
    """Playable while it loads. Only an MP4 or MOV with its index at the end is not."""


def inspect_video(path: Path) -> VideoFacts:
    """Look at a whole file: container, index, first frame.

    Raises:
        NotAVideo, TruncatedVideo: with plain words.
        OSError: the file cannot be read.
    """
    size_bytes = path.stat().st_size
    kind = _container_kind(path, size_bytes)
    faststart = _checked_boxes(path, size_bytes) if kind == "mov" else True
    try:
        with av.open(str(path), format=kind) as film:
            return _facts(film, size_bytes, faststart)
    except av.FFmpegError as error:
        raise NotAVideo("The file is damaged and cannot be played.") from error


def make_faststart(path: Path) -> Path:
    """A file that plays while it loads: `path` itself if it does already, else a copy beside it, not encoded again.

    The original's bytes are never changed. Raises what `inspect_video` raises, and OSError when the disk refuses.
    """
    if inspect_video(path).faststart:
        return path
    target = path.with_name(path.stem + ".faststart.mp4")
    unfinished = target.with_name(target.name + ".part")
    try:
        _remux(path, unfinished)
        inspect_video(unfinished)
        unfinished.replace(target)
    except av.FFmpegError as error:
        raise NotAVideo("The file is damaged and cannot be rearranged.") from error
    finally:
        unfinished.unlink(missing_ok=True)
    return target


def poster_frame(path: Path, max_px: int) -> bytes:
    """A JPEG of a telling moment, longer side at most `max_px`: the first of a few that is neither dark nor flat."""
    best: tuple[float, Image.Image] | None = None
    try:
        with av.open(str(path), format=_container_kind(path, path.stat().st_size)) as film:
            for picture in _moments(film):
                picture.thumbnail((max_px, max_px), Image.Resampling.LANCZOS)
                worth = _worth(picture)
                if best is None or worth > best[0]:
                    best = worth, picture
                if worth >= 1:
                    break
    except av.FFmpegError as error:
        if best is None:
            raise NotAVideo("No frame of the file can be shown.") from error
    if best is None:
        raise NotAVideo("No frame of the file can be shown.")
    jpeg = io.BytesIO()
    best[1].save(jpeg, "JPEG", quality=86, optimize=True)
    return jpeg.getvalue()


def _container_kind(path: Path, size_bytes: int) -> str:
    """FFmpeg's name of the container, by magic bytes."""
    if size_bytes == 0:
        raise NotAVideo("The file is empty.")
    with path.open("rb") as file:
        head = file.read(512)
    if head[4:8] in MP4_STARTS:
        return "mov"
    if head.startswith(MATROSKA):
        return "matroska"
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml", b"<head", b"<body")):
        raise NotAVideo("A web page came instead of a video.")
    if start.startswith((b"{", b"[")):
        raise NotAVideo("A message came instead of a video.")
    raise NotAVideo("The file is not a video.")


def _boxes(path: Path, size_bytes: int) -> Iterator[tuple[bytes, int]]:
    """An MP4's outermost boxes: type and where each should end."""
    with path.open("rb") as file:
        at = 0
        while at < size_bytes:
            file.seek(at)
            head = file.read(16)
            if len(head) < 8:
                raise TruncatedVideo("The video is cut off: its end is missing.")
            length, kind = struct.unpack(">I4s", head[:8])
            if length == 1 and len(head) == 16:
                (length,) = struct.unpack(">Q", head[8:])
            elif length == 0:  # "to the end of the file"
                length = size_bytes - at
            if length < 8:
                raise NotAVideo("The file is damaged and cannot be played.")
            at += length
            yield kind, at


def _checked_boxes(path: Path, size_bytes: int) -> bool:
    """Whether the index stands before the pictures.

    Raises:
        TruncatedVideo: a box is longer than the rest of the file, or the index never comes.
    """
    order = []
    for kind, end in _boxes(path, size_bytes):
        if end > size_bytes:
            raise TruncatedVideo(f"The video is cut off: {size_bytes:,} of at least {end:,} bytes came.")
        order.append(kind)
    if b"moov" not in order:
        raise TruncatedVideo("The video is cut off: its index, which stands at the end, is missing.")
    return b"mdat" not in order or order.index(b"moov") < order.index(b"mdat")


def _facts(film: InputContainer, size_bytes: int, faststart: bool) -> VideoFacts:
    if not film.streams.video:
        raise NotAVideo("The file has no picture, only sound.")
    stream = film.streams.video[0]
    ends = [entry.pos + entry.size for each in film.streams for entry in each.index_entries]
    if max(ends, default=0) > size_bytes:
        raise TruncatedVideo(f"The video is cut off: {size_bytes:,} of at least {max(ends):,} bytes came.")
    length_s = float(film.duration / av.time_base) if film.duration else 0.0
    if "matroska" in film.format.name:
        length_s = _matroska_length(film, length_s)
    frame = next(film.decode(stream), None)
    if frame is None:
        raise NotAVideo("The file has no picture that can be shown.")
    return VideoFacts(
        length_s=length_s,
        size_px=(frame.width, frame.height),
        has_audio=bool(film.streams.audio),
        bytes=size_bytes,
        faststart=faststart,
    )


def _matroska_length(film: InputContainer, declared_s: float) -> float:
    """WebM has no table of its packets up front, so they are counted through; some writers declare no length at all."""
    reached_s = 0.0
    for packet in film.demux():
        if packet.pts is not None and packet.time_base is not None:
            reached_s = max(reached_s, float((packet.pts + (packet.duration or 0)) * packet.time_base))
    if reached_s < declared_s * 0.95 - 0.5:
        raise TruncatedVideo(f"The video is cut off: {reached_s:.1f} of {declared_s:.1f} s came.")
    film.seek(0)
    return declared_s or reached_s


def _remux(source: Path, target: Path) -> None:
    """Copy the packets into a new MP4 with its index first."""
    with (
        av.open(str(source), format="mov") as old,
        av.open(str(target), "w", format="mp4", options={"movflags": "faststart"}) as new,
    ):
        new.metadata.update(old.metadata)
        kept = [*old.streams.video, *old.streams.audio]
        twins = {stream.index: new.add_stream_from_template(stream) for stream in kept}
        for packet in old.demux(*kept):
            if packet.dts is not None:  # the last, empty packet of each stream has none
                packet.stream = twins[packet.stream.index]
                new.mux(packet)


def _moments(film: InputContainer) -> Iterator[Image.Image]:
    if not film.streams.video:
        return
    stream = film.streams.video[0]
    stream.thread_type = "AUTO"
    for share in POSTER_SHARES:
        if film.duration:
            film.seek(round(film.duration * share))
        frame = next(film.decode(stream), None)
        if frame is not None:
            yield Image.fromarray(frame.to_ndarray(format="rgb24"))


def _worth(picture: Image.Image) -> float:
    """How telling a frame is: 1 and more is good enough, near 0 is dark or one flat colour."""
    light = ImageStat.Stat(picture.convert("L"))
    return min(light.mean[0] / 32, light.stddev[0] / 14)
