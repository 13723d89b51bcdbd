"""What the spool keeps, refuses and leaves behind."""

import asyncio
import hashlib
import os
import resource
import signal
import subprocess
import sys
import textwrap
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest

from bot.media.spool import Spool, SpoolFull, TooLarge, Truncated

MB = 1024 * 1024


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    spool = Spool(tmp_path / "spool")
    yield spool
    spool.close()


@pytest.fixture
def file_limit() -> Iterator[None]:
    """The kernel itself refuses files over 2 MB, as a full disk would."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2 * MB, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def pieces(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def zeroes(count: int, size: int = 64 * 1024) -> AsyncIterator[bytes]:
    chunk = bytes(size)
    for _ in range(count // size):
        yield chunk


def names(tmp_path: Path) -> list[str]:
    """Of all files, wherever in the spool they lie."""
    return sorted(path.name for path in (tmp_path / "spool").rglob("*") if path.is_file())


def as_earlier(tmp_path: Path, job_id: str, content: bytes) -> Path:
    """A video where an earlier version kept it."""
    path = tmp_path / "spool" / f"{job_id}.{hashlib.sha256(content).hexdigest()}.mp4"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    return path


async def test_a_kept_file_is_found_again_with_its_hash(spool: Spool) -> None:
    kept = await spool.keep("job1", pieces(b"abc", b"", b"def"), expected_length=6, bytes_max=10)
    assert kept.path.read_bytes() == b"abcdef"
    assert kept.sha256 == hashlib.sha256(b"abcdef").hexdigest()
    assert kept.bytes == 6
    assert await spool.find("job1") == kept
    assert await spool.find("job") is None


async def test_another_process_finds_it_too(spool: Spool, tmp_path: Path) -> None:
    kept = await spool.keep("job1", pieces(b"abc"), expected_length=None, bytes_max=10)
    assert await Spool(tmp_path / "spool").find("job1") == kept


async def test_no_folder_grows_with_the_spool(spool: Spool, tmp_path: Path) -> None:
    """Finding a job's file reads one folder: that must stay a short one."""
    jobs = [f"job{number}" for number in range(512)]
    for each in jobs:
        await spool.keep(each, pieces(each.encode()), expected_length=None, bytes_max=10)
    folders = [len(list(each.iterdir())) for each in (tmp_path / "spool").iterdir()]
    assert (sum(folders), max(folders) < 16) == (512, True)
    for each in jobs:
        found = await spool.find(each)
        assert found is not None
        assert found.path.read_bytes() == each.encode()


async def test_what_an_earlier_version_kept_is_found_replaced_dropped_and_cleaned(tmp_path: Path) -> None:
    kept = {each: as_earlier(tmp_path, each, each.encode()) for each in ("found", "replaced", "dropped", "cleaned")}
    copy = kept["dropped"].with_name(kept["dropped"].stem + ".faststart.mp4")
    copy.write_bytes(b"moved")
    os.utime(kept["cleaned"], (0, 0))
    spool = Spool(tmp_path / "spool")
    found = await spool.find("found")
    assert found is not None
    assert (found.path, found.bytes, found.sha256) == (kept["found"], 5, hashlib.sha256(b"found").hexdigest())
    assert await spool.find("foun") is None
    same = await spool.keep("replaced", pieces(b"replaced"), expected_length=8, bytes_max=10)
    assert await spool.find("replaced") == same
    await spool.drop("dropped")
    assert await spool.find("dropped") is None
    assert await spool.clean(datetime.now(UTC) - timedelta(days=1)) == len("cleaned")
    assert names(tmp_path) == sorted([found.path.name, same.path.name])
    spool.close()


async def test_fewer_bytes_than_announced_are_truncated(spool: Spool, tmp_path: Path) -> None:
    with pytest.raises(Truncated, match="3 of 6"):
        await spool.keep("job1", pieces(b"abc"), expected_length=6, bytes_max=10)
    assert names(tmp_path) == []


@pytest.mark.parametrize("announced", [None, 11])
async def test_more_bytes_than_allowed_are_refused(spool: Spool, tmp_path: Path, announced: int | None) -> None:
    with pytest.raises(TooLarge):
        await spool.keep("job1", pieces(b"12345", b"678901"), expected_length=announced, bytes_max=10)
    assert names(tmp_path) == []


async def test_a_full_disk_has_its_own_error(spool: Spool, tmp_path: Path, file_limit: None) -> None:
    with pytest.raises(SpoolFull):
        await spool.keep("job1", zeroes(4 * MB), expected_length=None, bytes_max=8 * MB)
    with pytest.raises(SpoolFull):
        await spool.keep_picture("picture1", bytes(4 * MB))
    assert names(tmp_path) == []
    assert await spool.find("job1") is None


async def test_a_lost_connection_leaves_the_older_file(spool: Spool, tmp_path: Path) -> None:
    async def dying() -> AsyncIterator[bytes]:
        yield b"new"
        raise ConnectionResetError

    kept = await spool.keep("job1", pieces(b"old"), expected_length=3, bytes_max=10)
    with pytest.raises(ConnectionResetError):
        await spool.keep("job1", dying(), expected_length=6, bytes_max=10)
    assert await spool.find("job1") == kept
    assert len(names(tmp_path)) == 1


async def test_a_newer_file_replaces_the_older_and_what_was_made_from_it(spool: Spool, tmp_path: Path) -> None:
    old = await spool.keep("job1", pieces(b"old"), expected_length=3, bytes_max=10)
    old.path.with_name(old.path.stem + ".faststart.mp4").write_bytes(b"moved")
    assert await spool.find("job1") == old
    new = await spool.keep("job1", pieces(b"new"), expected_length=3, bytes_max=10)
    assert names(tmp_path) == [new.path.name]


async def test_a_cancelled_download_leaves_nothing(spool: Spool, tmp_path: Path) -> None:
    started = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield bytes(2 * MB)
            started.set()

    task = asyncio.ensure_future(spool.keep("job1", endless(), expected_length=None, bytes_max=10**12))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await spool.find("job1")
    spool.close()
    assert names(tmp_path) == []


async def test_dropping_forgets_the_job_and_no_other(spool: Spool, tmp_path: Path) -> None:
    first = await spool.keep("job1", pieces(b"a"), expected_length=1, bytes_max=1)
    first.path.with_name(first.path.stem + ".faststart.mp4").write_bytes(b"moved")
    other = await spool.keep("job11", pieces(b"b"), expected_length=1, bytes_max=1)
    await spool.keep_picture("job1", b"jpeg")
    await spool.drop("job1")
    await spool.drop("job1")
    assert names(tmp_path) == ["job1.picture", other.path.name]


async def test_a_picture_comes_back_as_it_was_kept(spool: Spool) -> None:
    await spool.keep_picture("p1", b"jpeg")
    assert (await spool.picture("p1"), await spool.picture("p2")) == (b"jpeg", None)


async def test_cleaning_drops_the_old_and_spares_the_young(spool: Spool, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    old = await spool.keep("old", pieces(b"12345"), expected_length=5, bytes_max=5)
    new = await spool.keep("new", pieces(b"123"), expected_length=3, bytes_max=5)
    await spool.keep_picture("waiting", b"1234567")
    gone = await spool.keep_picture("gone", b"1234")
    last_week = (now - timedelta(days=7)).timestamp()
    for path in (old.path, gone):
        os.utime(path, (last_week, last_week))
    freed = await spool.clean(now - timedelta(days=1))
    assert freed == 9
    assert names(tmp_path) == sorted([new.path.name, "waiting.picture"])


@pytest.mark.parametrize("name", ["../job", "a/b", "", "a.b", "a*", "x" * 81])
async def test_an_id_cannot_lead_out_of_the_spool(spool: Spool, name: str) -> None:
    with pytest.raises(ValueError, match="not an id"):
        await spool.keep(name, pieces(b"a"), expected_length=1, bytes_max=1)
    with pytest.raises(ValueError, match="not an id"):
        await spool.picture(name)


async def test_a_killed_process_leaves_nothing_after_the_next_start(tmp_path: Path) -> None:
    writer = textwrap.dedent("""
        import asyncio, sys
        from pathlib import Path
        from bot.media.spool import Spool

        async def chunks():
            yield bytes(2 << 20)
            print("writing", flush=True)
            await asyncio.Event().wait()

        asyncio.run(Spool(Path(sys.argv[1])).keep("job1", chunks(), expected_length=None, bytes_max=1 << 30))
    """)
    root = Path(__file__).parents[2]
    child = subprocess.Popen(
        [sys.executable, "-c", writer, str(tmp_path / "spool")],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(root)},
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"writing\n"
    assert len(names(tmp_path)) == 1
    Spool(tmp_path / "spool")
    assert len(names(tmp_path)) == 1, "a living writer's file was swept away"
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    spool = Spool(tmp_path / "spool")
    assert names(tmp_path) == []
    assert await spool.find("job1") is None


async def test_a_start_leaves_a_peers_half_made_copy_alone_and_cleaning_takes_a_dead_ones(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    kept = await spool.keep("job1", pieces(b"abc"), expected_length=3, bytes_max=3)
    copy = kept.path.with_name(kept.path.stem + ".faststart.mp4.part")
    copy.write_bytes(b"half")
    Spool(tmp_path / "spool")
    assert copy.exists()
    os.utime(copy, (0, 0))
    assert await spool.clean(datetime.now(UTC) - timedelta(days=1)) == 4
    assert names(tmp_path) == [kept.path.name]


async def test_a_download_of_300_mb_takes_constant_memory(spool: Spool) -> None:
    size = 300 * MB
    await spool.keep("warm", zeroes(8 * MB), expected_length=None, bytes_max=size)
    before = psutil.Process().memory_info().rss
    tracemalloc.start()
    kept = await spool.keep("job1", zeroes(size, MB // 2), expected_length=size, bytes_max=size)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert kept.path.stat().st_size == size
    assert peak < 8 * MB
    assert psutil.Process().memory_info().rss - before < 24 * MB


async def test_the_loops_own_threads_are_not_needed(tmp_path: Path) -> None:
    """The durable engine may leave the default executor full or dead."""
    dead = ThreadPoolExecutor(1)
    dead.shutdown()
    asyncio.get_running_loop().set_default_executor(dead)
    spool = Spool(tmp_path / "spool")
    assert (await spool.keep("job1", pieces(b"a"), expected_length=1, bytes_max=1)).bytes == 1
    spool.close()
