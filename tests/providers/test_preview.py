"""The local preview as a service: one film per client key, whatever happens to the process that draws it."""

import asyncio
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import av
import pytest
from PIL import Image

from bot.catalogue.model import Protocol, Shape
from bot.providers.base import Picture, RenderRef, RenderRequest, RenderState, RenderStatus
from bot.providers.errors import CapacityFailed, NotFound
from bot.providers.preview import Preview, opened_preview

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
LABEL = "Preview animatic, not an AI video"
PROTOCOL = Protocol(key="preview", provider="preview", label="Local preview", wire={"label": LABEL})
ORDER = RenderRequest(
    prompt="a corgi surfing at sunset",
    wire_name="animatic",
    length_s=1,
    shape=Shape.WIDE,
    resolution="720p",
    size_px=(256, 144),
    audio=None,
    seed=None,
    picture=None,
    client_key="job-1-attempt-1",
    webhook_url=None,
    extra={},
)


class Noon:
    """A clock that stands, but still lets others go first."""

    def now(self) -> datetime:
        return NOON

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)


async def ended(preview: Preview, ref: RenderRef) -> RenderStatus:
    async with asyncio.timeout(60):
        while (status := await preview.poll(ref)).state in {RenderState.QUEUED, RenderState.RUNNING}:
            await asyncio.sleep(0.01)
    return status


async def film_of(preview: Preview, ref: RenderRef) -> bytes:
    async with preview.download(ref, await preview.poll(ref)) as download:
        film = b"".join([chunk async for chunk in download.chunks])
    assert download.length == len(film)
    return film


def a_picture() -> Picture:
    made = BytesIO()
    Image.new("RGB", (256, 144), (200, 80, 40)).save(made, "PNG")
    return Picture(content=made.getvalue(), mime="image/png")


@pytest.mark.parametrize("picture", [None, a_picture()], ids=["text", "picture"])
async def test_an_order_becomes_a_film_that_says_what_it_is(tmp_path: Path, picture: Picture | None) -> None:
    async with opened_preview(PROTOCOL, tmp_path, Noon()) as preview:
        ref = await preview.submit(replace(ORDER, picture=picture))
        status = await ended(preview, ref)
        assert (status.state, status.progress) == (RenderState.SUCCEEDED, 1.0)
        film = await film_of(preview, ref)
    with av.open(BytesIO(film)) as played:
        assert [stream.codec_context.name for stream in played.streams] == ["h264", "aac"]
        assert (played.streams.video[0].width, played.streams.video[0].height) == (256, 144)
        assert played.metadata["comment"] == LABEL


async def test_progress_goes_up_while_it_draws(tmp_path: Path) -> None:
    seen = []
    async with opened_preview(PROTOCOL, tmp_path, Noon()) as preview:
        ref = await preview.submit(replace(ORDER, length_s=3))
        while (status := await preview.poll(ref)).state is not RenderState.SUCCEEDED:
            seen.append(status.progress)
            await asyncio.sleep(0.005)
    assert seen == sorted(seen)
    assert any(0 < each < 1 for each in seen)


async def test_the_same_key_never_draws_twice(tmp_path: Path) -> None:
    async with opened_preview(PROTOCOL, tmp_path, Noon(), drawn_at_once=2) as preview:
        refs = [await preview.submit(ORDER) for _ in range(3)]
        await ended(preview, refs[0])
        (film,) = tmp_path.glob("*.mp4")
        drawn = film.stat()
        refs.append(await preview.submit(replace(ORDER, prompt="something else under the same key")))
        assert (await preview.poll(refs[-1])).state is RenderState.SUCCEEDED
        assert [each.prompt for each in await preview.find(NOON)] == [ORDER.prompt]
        assert (film.stat().st_ino, film.stat().st_mtime_ns) == (drawn.st_ino, drawn.st_mtime_ns)
    assert len(set(refs)) == 1


async def test_submits_at_one_moment_are_one_drawing(tmp_path: Path) -> None:
    """Seen by stopping it: another one would go on and leave a film."""
    async with opened_preview(PROTOCOL, tmp_path, Noon(), drawn_at_once=2) as preview:
        refs = await asyncio.gather(*(preview.submit(ORDER) for _ in range(5)))
        assert await preview.cancel(refs[0])
    assert list(tmp_path.glob("*.mp4")) == []


async def test_a_film_lost_with_its_process_is_drawn_again_by_the_next(tmp_path: Path) -> None:
    async with opened_preview(PROTOCOL, tmp_path, Noon()) as preview:
        ref = await preview.submit(replace(ORDER, length_s=120))
        assert (await preview.poll(ref)).state is not RenderState.SUCCEEDED
    (order,) = tmp_path.glob("*.json")
    order.write_text(order.read_text().replace('"length_s": 120', '"length_s": 1'))
    async with opened_preview(PROTOCOL, tmp_path, Noon()) as preview:
        assert (await ended(preview, ref)).state is RenderState.SUCCEEDED
        assert await film_of(preview, ref)


async def test_an_order_that_a_power_cut_left_half_written_is_lost_until_it_is_sent_again(tmp_path: Path) -> None:
    async with opened_preview(PROTOCOL, tmp_path, Noon()) as preview:
        ref = await preview.submit(replace(ORDER, length_s=120))
    (order,) = tmp_path.glob("*.json")
    order.write_bytes(b"")
    async with opened_preview(PROTOCOL, tmp_path, Noon()) as preview:
        assert isinstance((await preview.poll(ref)).failure, NotFound)
        assert await preview.find(NOON - timedelta(days=1)) == []
        assert await preview.submit(ORDER) == ref
        assert (await ended(preview, ref)).state is RenderState.SUCCEEDED


async def test_a_drawing_can_be_cancelled_and_a_finished_one_cannot(tmp_path: Path) -> None:
    async with opened_preview(PROTOCOL, tmp_path, Noon()) as preview:
        ref = await preview.submit(replace(ORDER, length_s=120))
        assert await preview.cancel(ref)
        assert (await preview.poll(ref)).state is RenderState.CANCELLED
        other = await preview.submit(replace(ORDER, client_key="job-2"))
        await ended(preview, other)
        assert not await preview.cancel(other)
    assert len(list(tmp_path.glob("*.mp4"))) == 1


async def test_a_picture_that_is_none_fails_in_words(tmp_path: Path) -> None:
    async with opened_preview(PROTOCOL, tmp_path, Noon()) as preview:
        ref = await preview.submit(replace(ORDER, picture=Picture(content=b"not a picture", mime="image/png")))
        status = await ended(preview, ref)
    assert status.state is RenderState.FAILED
    assert status.failure is not None
    assert "could not be drawn" in status.failure.detail


async def test_orders_can_be_found_by_their_key(tmp_path: Path) -> None:
    async with opened_preview(PROTOCOL, tmp_path, Noon()) as preview:
        ref = await preview.submit(ORDER)
        (found,) = await preview.find(NOON - timedelta(seconds=1))
        assert (found.ref, found.client_key, found.prompt) == (ref, ORDER.client_key, ORDER.prompt)
        assert preview.adopted(found.ref.render_id, ORDER.wire_name) == ref
        assert await preview.find(NOON + timedelta(seconds=1)) == []


@pytest.mark.parametrize("render_id", ["preview-" + "0" * 40, "preview-../../etc/passwd", "", "../" * 3])
async def test_an_unknown_render_is_lost_and_no_way_out_of_the_folder(tmp_path: Path, render_id: str) -> None:
    async with opened_preview(PROTOCOL, tmp_path, Noon()) as preview:
        status = await preview.poll(RenderRef(render_id=render_id))
        assert status.state is RenderState.FAILED
        assert isinstance(status.failure, NotFound)
        with pytest.raises(NotFound):
            async with preview.download(RenderRef(render_id=render_id), status):
                pass


async def test_an_order_outside_the_folder_is_nobodys(tmp_path: Path) -> None:
    async with opened_preview(PROTOCOL, tmp_path / "films", Noon()) as preview:
        ref = await preview.submit(ORDER)
        await ended(preview, ref)
        for ending in ("json", "mp4"):
            (tmp_path / "films" / f"{ref.render_id}.{ending}").rename(tmp_path / f"{ref.render_id}.{ending}")
        status = await preview.poll(RenderRef(render_id=f"../{ref.render_id}"))
    assert status.state is RenderState.FAILED


async def test_yesterdays_films_are_forgotten(tmp_path: Path) -> None:
    async with opened_preview(PROTOCOL, tmp_path, Noon()) as preview:
        await ended(preview, await preview.submit(ORDER))
        for path in tmp_path.iterdir():
            old_s = (NOON - timedelta(hours=25)).timestamp()
            os.utime(path, (old_s, old_s))
        await preview.submit(replace(ORDER, client_key="today"))
        assert len(list(tmp_path.glob("preview-*.json"))) == 1


async def test_a_folder_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    place = tmp_path / "taken"
    place.write_text("a file, not a folder")
    with pytest.raises(CapacityFailed, match="folder cannot be used"):
        async with opened_preview(PROTOCOL, place, Noon()):
            pass
    async with opened_preview(PROTOCOL, tmp_path / "films", Noon()) as preview:
        await preview.check()
        (tmp_path / "films").rmdir()
        (tmp_path / "films").write_text("")
        with pytest.raises(CapacityFailed, match="folder cannot be used"):
            await preview.submit(ORDER)
        with pytest.raises(CapacityFailed, match="folder cannot be used"):
            await preview.check()
