"""The studio's processes: one for each film, none left behind."""

import asyncio
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import httpx
import psutil
import pytest
from virtual_clock import START, VirtualClock

import bot
from bot.demo.videos import JobStatus, LocalVideos
from bot.demo.videos.job import Asked
from bot.demo.videos.studio import Studio, StudioError

ASKED = Asked(model="any", prompt="a corgi", length_s=4, size_px=(128, 72))

RECORDING_WORKER = """
import json, os, pathlib, sys, time
order = json.load(sys.stdin)
with open(os.path.join(sys.argv[1], "started"), "a") as log:
    log.write(f"{os.getpid()}\\n")
time.sleep(float(sys.argv[2]))
pathlib.Path(order["path"]).write_bytes(b"film")
"""

PARENT = """
import asyncio, pathlib, sys
from bot.demo.videos.job import Asked
from bot.demo.videos.studio import Studio

order = Asked(model="any", prompt="a corgi", length_s=30, size_px=(1280, 720))
asyncio.run(Studio(pathlib.Path(sys.argv[1])).film(order))
"""


def recording(folder: Path, takes_s: float = 0.0) -> tuple[str, ...]:
    return sys.executable, "-c", RECORDING_WORKER, str(folder), str(takes_s)


def workers_started(folder: Path) -> list[int]:
    log = folder / "started"
    return [int(line) for line in log.read_text().split()] if log.exists() else []


async def test_a_film_is_made_once_however_many_ask(tmp_path: Path) -> None:
    studio = Studio(tmp_path / "films", worker=recording(tmp_path))
    first = await asyncio.gather(*(studio.film(ASKED) for _ in range(5)))
    later = await Studio(tmp_path / "films", worker=recording(tmp_path)).film(ASKED)

    assert set(first) == {later}
    assert later.read_bytes() == b"film"
    assert len(workers_started(tmp_path)) == 1


async def test_another_order_is_another_film(tmp_path: Path) -> None:
    studio = Studio(tmp_path / "films", worker=recording(tmp_path))
    orders = [
        ASKED,
        Asked(model="other", prompt="a corgi", length_s=4, size_px=(128, 72)),
        Asked(model="any", prompt="a cat", length_s=4, size_px=(128, 72)),
        Asked(model="any", prompt="a corgi", length_s=8, size_px=(128, 72)),
        Asked(model="any", prompt="a corgi", length_s=4, size_px=(72, 128)),
        Asked(model="any", prompt="a corgi", length_s=4, size_px=(128, 72), picture=b"x"),
    ]
    paths = [await studio.film(order) for order in orders]

    assert paths[0] == paths[1], "the model's name changes nothing in the picture"
    assert len(set(paths)) == 5


async def test_a_worker_that_fails_says_why(tmp_path: Path) -> None:
    studio = Studio(tmp_path, worker=(sys.executable, "-c", "raise SystemExit('no more paint')"))
    with pytest.raises(StudioError, match="no more paint"):
        await studio.film(ASKED)

    missing = Studio(tmp_path, worker=(str(tmp_path / "nothing-here"),))
    with pytest.raises(StudioError, match="could be started"):
        await missing.film(ASKED)


async def test_giving_up_ends_the_worker(tmp_path: Path) -> None:
    studio = Studio(tmp_path / "films", worker=recording(tmp_path, takes_s=60))
    task = asyncio.ensure_future(studio.film(ASKED))
    while not (started := workers_started(tmp_path)):
        await asyncio.sleep(0.01)

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert not psutil.pid_exists(started[0])


async def test_a_worker_does_not_outlive_a_killed_parent(tmp_path: Path) -> None:
    """The real worker: it looks for its parent between two frames and leaves nothing behind."""
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(tmp_path)], cwd=Path(bot.__file__).parent.parent)
    try:
        while not any(tmp_path.iterdir()):
            assert parent.poll() is None
            await asyncio.sleep(0.02)
        (worker,) = psutil.Process(parent.pid).children()
    finally:
        parent.send_signal(signal.SIGKILL)
        parent.wait()

    await asyncio.to_thread(worker.wait, 10)
    assert list(tmp_path.iterdir()) == []


async def test_one_film_can_answer_every_order_at_once_on_a_virtual_clock(tmp_path: Path) -> None:
    (film := tmp_path / "ready.mp4").write_bytes(b"film")
    clock = VirtualClock()
    async with (
        LocalVideos.running(clock=clock, directory=tmp_path / "films", film=film, render_s=8) as videos,
        httpx.AsyncClient(base_url=videos.base_url, headers={"Authorization": f"Bearer {videos.key}"}) as http,
    ):
        orders = [{"prompt": f"corgi number {number}"} for number in range(40)]
        answers = await asyncio.gather(*(http.post("/videos", json=order) for order in orders))
        await clock.until(lambda: all(job.ended.is_set() for job in videos.accepted), within_s=10)

        assert {answer.json()["id"] for answer in answers} == {job.id for job in videos.accepted}
        assert {job.status for job in videos.accepted} == {JobStatus.COMPLETED}
        assert (await http.get(f"/videos/{videos.jobs[7].id}/content")).content == b"film"
        assert videos.accepted[0].completed_at == START + timedelta(seconds=8)
        assert list((tmp_path / "films").glob("*")) == []
