"""A process under measurement that is told what to do: commands and answers as JSON lines, its figures from outside."""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil

ANSWERS_WITHIN_S = 900.0
CHILD = Path(__file__).with_name("flight_child.py")


class Child:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.seen = psutil.Process(process.pid)

    async def do(self, what: str, **told: object) -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": what, **told}).encode() + b"\n")
        return await self.answer()

    async def answer(self) -> Any:
        assert self._process.stdout is not None
        async with asyncio.timeout(ANSWERS_WITHIN_S):
            line = await self._process.stdout.readline()
        if not line:
            raise RuntimeError("the process ended")
        return json.loads(line)

    def cpu_s(self) -> float:
        times = self.seen.cpu_times()
        return float(times.user + times.system)

    async def cpu_percent(self, seconds: float) -> float:
        before, began = self.cpu_s(), time.perf_counter()
        await asyncio.sleep(seconds)
        return (self.cpu_s() - before) / (time.perf_counter() - began) * 100

    @property
    def rss_mb(self) -> float:
        return float(self.seen.memory_info().rss) / 2**20


@asynccontextmanager
async def a_child(*arguments: object) -> AsyncIterator[Child]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(CHILD), *map(str, arguments), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        limit=2**20,
    )  # fmt: skip
    child = Child(process)
    try:
        assert await child.answer() == "ready"
        yield child
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
