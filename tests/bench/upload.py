"""Peak memory of sending a video to Slack: our streamed upload beside slack_sdk's `files_upload_v2`, in the same run.

    python tests/bench/upload.py [--mb 200] [--goal-mb 24]

Sender and receiver are processes of their own; the peak is the kernel's (VmHWM, reset when idle), so Linux only.
Prints a table row each and exits 1 when ours is above the goal.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from aiohttp import web  # noqa: E402
from slack_sdk.web.async_client import AsyncWebClient  # noqa: E402

from bot.slack.client import opened_slack  # noqa: E402
from bot.slack.uploads import SlackFiles  # noqa: E402
from tests.bench.figures import Row  # noqa: E402

MB = 1024 * 1024
SIZE_MB = 200
GOAL_MB = 24.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mb", type=int, default=SIZE_MB)
    parser.add_argument("--goal-mb", type=float, default=GOAL_MB)
    parser.add_argument("role", nargs="?", choices=["serve", "ours", "v2"], help=argparse.SUPPRESS)
    parser.add_argument("rest", nargs="*", help=argparse.SUPPRESS)
    told = parser.parse_args()
    match told.role:
        case "serve":
            asyncio.run(serve())
        case "ours" | "v2":
            url, path = told.rest
            asyncio.run(measured(send_ours if told.role == "ours" else send_v2, url, Path(path)))
        case _:
            sys.exit(compare(told.mb, told.goal_mb))


def compare(size_mb: int, goal_mb: float) -> int:
    found = measure(size_mb)
    print(f"| upload of a {size_mb} MB file | peak above idle | idle | time |")
    print("|---|---|---|---|")
    for role, name in (("v2", "slack_sdk files_upload_v2"), ("ours", "ours")):
        each = found[role]
        print(f"| {name} | {each['above_idle_mb']:.1f} MB | {each['idle_mb']:.1f} MB | {each['seconds']:.2f} s |")
    reached = found["ours"]["above_idle_mb"] <= goal_mb
    print(f"goal: at most {goal_mb:g} MB: {'reached' if reached else 'MISSED'}")
    return 0 if reached else 1


async def upload_row(_folder: Path, *, size_mb: int = SIZE_MB, goal_mb: float = GOAL_MB) -> Row:
    """The same as a row of the one table."""
    found = await asyncio.to_thread(measure, size_mb)
    theirs, ours = (found[role]["above_idle_mb"] for role in ("v2", "ours"))
    return Row(
        what=f"upload of a {size_mb} MB file, peak memory above idle",
        baseline=f"{theirs:.0f} MB (files_upload_v2)",
        ours=f"{ours:.1f} MB",
        ratio=f"{ours / theirs:.3f} x",
        goal=f"at most {goal_mb:g} MB",
        met=ours <= goal_mb,
    )


def measure(size_mb: int) -> dict[str, dict[str, float]]:
    """What each way of sending took: `above_idle_mb`, `idle_mb`, `seconds`, by role."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "video.mp4")
        with path.open("wb") as film:
            for _ in range(size_mb):
                film.write(b"\x5a" * MB)
        server = subprocess.Popen([sys.executable, __file__, "serve"], stdout=subprocess.PIPE, text=True)
        assert server.stdout is not None
        try:
            url = server.stdout.readline().strip()
            return {role: run(role, url, path) for role in ("v2", "ours")}
        finally:
            server.terminate()
            server.wait()


def run(role: str, url: str, path: Path) -> dict[str, float]:
    done = subprocess.run([sys.executable, __file__, role, url, str(path)], capture_output=True, text=True, check=True)
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


async def measured(send, url: str, path: Path) -> None:  # type: ignore[no-untyped-def]
    """Send a small file, call that idle, send the large one, and read how high the kernel saw us go."""
    small = path.with_name("small.bin")
    small.write_bytes(b"\x5a" * 64 * 1024)
    async with send(url) as upload:
        await upload(small)
        Path("/proc/self/clear_refs").write_text("5")
        idle_kb, began = status_kb("VmRSS"), time.perf_counter()
        await upload(path)
        seconds = time.perf_counter() - began
    above_idle_mb = (status_kb("VmHWM") - idle_kb) / 1024
    print(json.dumps({"above_idle_mb": above_idle_mb, "idle_mb": idle_kb / 1024, "seconds": seconds}))


class send_ours:
    def __init__(self, url: str) -> None:
        self._door = opened_slack(token="xoxb-bench", base_url=url)

    async def __aenter__(self):  # type: ignore[no-untyped-def]
        files = SlackFiles(await self._door.__aenter__())

        async def upload(path: Path) -> None:
            grant = await files.grant(file_name=path.name, size_bytes=path.stat().st_size, alt_txt="")
            await files.send(grant, path)
            await files.complete(file_id=grant.file_id, title=path.stem, slack_channel_id="C1", comment="words")

        return upload

    async def __aexit__(self, *error: object) -> None:
        await self._door.__aexit__(None, None, None)


class send_v2:
    def __init__(self, url: str) -> None:
        self._slack = AsyncWebClient(token="xoxb-bench", base_url=url)

    async def __aenter__(self):  # type: ignore[no-untyped-def]
        async def upload(path: Path) -> None:
            await self._slack.files_upload_v2(
                file=str(path), filename=path.name, title=path.stem, channel="C1", initial_comment="words"
            )

        return upload

    async def __aexit__(self, *error: object) -> None:
        pass


def status_kb(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


async def serve() -> None:
    """The three calls of an upload. The bytes are counted, compared with what was announced, and thrown away."""

    granted = received = 0

    async def grant(request: web.Request) -> web.Response:
        nonlocal granted
        granted = int({**request.query, **await request.post()}["length"])
        url = f"http://{request.host}/upload"
        return web.json_response({"ok": True, "file_id": "F1", "upload_url": url})

    async def upload(request: web.Request) -> web.Response:
        nonlocal received
        received = 0
        async for piece in request.content.iter_chunked(1 << 18):
            received += len(piece)
        return web.Response(text=f"OK - {received}")

    async def complete(_: web.Request) -> web.Response:
        if received != granted:
            return web.json_response({"ok": False, "error": "file_not_found"})
        return web.json_response({"ok": True, "files": [{"id": "F1"}]})

    app = web.Application(client_max_size=1 << 40)
    app.router.add_route("*", "/api/files.getUploadURLExternal", grant)
    app.router.add_post("/upload", upload)
    app.router.add_route("*", "/api/files.completeUploadExternal", complete)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}/api/", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    main()
