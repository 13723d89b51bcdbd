"""The baseline: a stock Bolt app behind aiohttp that acknowledges, and with `commit` writes one row first.

    python tests/bench/bare.py PORT API_URL [DATABASE]

The row is committed with synchronous=FULL in a writer thread of its own, as a careful program would; no pool, no ORM.
"""

import asyncio
import os
import sqlite3
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from aiohttp import web
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient


def main() -> None:
    port, api_url, database = int(sys.argv[1]), sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else None
    app = AsyncApp(
        client=AsyncWebClient(token=os.environ["SLACK_BOT_TOKEN"], base_url=api_url),
        signing_secret=os.environ["SLACK_SIGNING_SECRET"],
    )
    app.command("/sora")(only_acks if database is None else committing(database))
    served = app.server(port=port, path="/slack/events", host="127.0.0.1").web_app
    served.router.add_get("/readyz", ready)
    web.run_app(served, host="127.0.0.1", port=port, access_log=None, print=None)


async def only_acks(ack: Any) -> None:
    await ack("ok")


def committing(path: str) -> Any:
    thread = ThreadPoolExecutor(1)
    database = thread.submit(opened, path).result()

    def commit(order_key: str, prompt: str) -> None:
        with database:
            database.execute("INSERT INTO job (order_key, prompt) VALUES (?, ?)", (order_key, prompt))

    async def writes_and_acks(ack: Any, body: dict[str, Any]) -> None:
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(thread, commit, body["trigger_id"], body["text"])
        await ack("ok")

    return writes_and_acks


def opened(path: str) -> sqlite3.Connection:
    database = sqlite3.connect(path)
    for line in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL"):
        database.execute(line)
    database.execute("CREATE TABLE job (order_key TEXT PRIMARY KEY, prompt TEXT NOT NULL)")
    database.commit()
    return database


async def ready(_: web.Request) -> web.Response:
    return web.Response(text="ok")


if __name__ == "__main__":
    main()
