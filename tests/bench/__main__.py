"""Every figure we hold ourselves to, measured in one run and printed as one table.

    python -m tests.bench [status] [order] [upload] [start] [path] [watcher] [flight] [restart]

Without names all rows are measured; exits 1 when a goal is missed. About a quarter of an hour, two cores, Linux.
"""

import argparse
import asyncio
import logging
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.bench.acks import order_row, status_row
from tests.bench.figures import Row, table
from tests.bench.flight import flight_row
from tests.bench.path import path_row
from tests.bench.restart import restart_row
from tests.bench.start import start_rows
from tests.bench.upload import upload_row
from tests.bench.watcher import watcher_row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", choices=[*MEASURES, []], metavar="row", help=", ".join(MEASURES))
    wanted = parser.parse_args().rows or list(MEASURES)
    logging.basicConfig(level=logging.ERROR)
    rows: list[Row] = []
    for name in wanted:
        print(f"measuring: {name} ...", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory(prefix="sora-bench-") as folder:
            rows += asyncio.run(MEASURES[name](Path(folder)))
    print(table(rows))
    sys.exit(0 if all(row.met for row in rows) else 1)


def one(measure: Callable[[Path], Awaitable[Row]]) -> Callable[[Path], Awaitable[list[Row]]]:
    async def measured(folder: Path) -> list[Row]:
        return [await measure(folder)]

    return measured


MEASURES = {
    "status": one(status_row),
    "order": one(order_row),
    "upload": one(upload_row),
    "start": start_rows,
    "path": one(path_row),
    "watcher": one(watcher_row),
    "flight": one(flight_row),
    "restart": one(restart_row),
}

if __name__ == "__main__":
    main()
