"""The preview's files: an order (`.json`), its picture and its film, named after the client key. Blocking."""

import hashlib
import json
import os
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

from bot.clock import Clock
from bot.media.animatic import AnimaticRequest
from bot.providers.base import FoundRender, RenderRef, RenderRequest
from bot.providers.errors import NotFound

KEPT_FOR = timedelta(hours=24)
"""Films are fetched within seconds; the idempotency window in the catalogue is as long."""
RENDER_ID = re.compile(r"preview-[0-9a-f]{40}")


class PreviewFolder:
    """Several processes may share one: names carry the process while a file is being written, and moves are atomic."""

    def __init__(self, directory: Path, clock: Clock, *, label: str) -> None:
        self._directory, self._clock, self._label = directory, clock, label

    def write_order(self, request: RenderRequest) -> str:
        """The render's id, which is the client key's: a second order under the same key changes nothing."""
        self._forget_old()
        render_id = "preview-" + hashlib.sha256(request.client_key.encode()).hexdigest()[:40]
        if _order_in(self._path(render_id, "json")) is not None:
            return render_id
        if request.picture is not None:
            self._put(render_id, "picture", request.picture.content)
        order = {
            "client_key": request.client_key,
            "prompt": request.prompt,
            "wire_name": request.wire_name,
            "length_s": request.length_s,
            "size_px": request.size_px,
            "audio": request.audio is not False,
            "has_picture": request.picture is not None,
            "created_at": self._clock.now().isoformat(),
        }
        self._put(render_id, "json", json.dumps(order).encode())
        return render_id

    def order_without_film(self, render_id: str) -> AnimaticRequest | None:
        """What is left to draw; None: the film is there.

        Raises:
            NotFound: there is no such order, or not any more.
        """
        if self._path(render_id, "mp4").exists():
            return None
        order = _order_in(self._path(render_id, "json"))
        if order is None:
            raise NotFound("the preview does not know this render")
        try:
            picture = self._path(render_id, "picture").read_bytes() if order["has_picture"] else None
        except FileNotFoundError as error:
            raise NotFound("the picture of this render is gone") from error
        width, height = order["size_px"]
        return AnimaticRequest(
            prompt=order["prompt"],
            length_s=order["length_s"],
            size_px=(width, height),
            picture=picture,
            audio=order["audio"],
            label=self._label,
        )

    def unfinished_film(self, render_id: str) -> Path:
        return self._path(render_id, f"{os.getpid()}.mp4")

    def keep_film(self, render_id: str) -> None:
        os.replace(self.unfinished_film(render_id), self._path(render_id, "mp4"))

    def open_film(self, render_id: str) -> tuple[BinaryIO, int]:
        """The film and its length in bytes.

        Raises:
            NotFound: it is gone.
        """
        try:
            film = self._path(render_id, "mp4").open("rb")
        except OSError as error:
            raise NotFound("the preview's film is gone") from error
        return film, os.fstat(film.fileno()).st_size

    def orders_since(self, since: datetime) -> list[FoundRender]:
        found = []
        for path in self._directory.glob("preview-*.json"):
            order = _order_in(path)
            if order is None:
                continue
            created_at = datetime.fromisoformat(order["created_at"])
            if created_at >= since:
                found.append(
                    FoundRender(
                        ref=RenderRef(render_id=path.stem),
                        created_at=created_at,
                        client_key=order["client_key"],
                        prompt=order["prompt"],
                        wire_name=order["wire_name"],
                    )
                )
        return found

    def touch(self) -> None:
        """Prove that the folder can be written to.

        Raises:
            OSError: it cannot.
        """
        self._directory.mkdir(parents=True, exist_ok=True)
        probe = self._directory / f"probe-{os.getpid()}"
        probe.write_bytes(b"?")
        probe.unlink()

    def _put(self, render_id: str, ending: str, content: bytes) -> None:
        unfinished = self._path(render_id, f"{os.getpid()}.{ending}.part")
        unfinished.write_bytes(content)
        os.replace(unfinished, self._path(render_id, ending))

    def _forget_old(self) -> None:
        oldest_s = (self._clock.now() - KEPT_FOR).timestamp()
        for path in self._directory.glob("preview-*"):
            try:
                if path.stat().st_mtime < oldest_s:
                    path.unlink()
            except FileNotFoundError:
                continue

    def _path(self, render_id: str, ending: str) -> Path:
        """
        Raises:
            NotFound: not an id of ours, so nobody walks out of the folder with it.
        """
        if not RENDER_ID.fullmatch(render_id):
            raise NotFound("the preview does not know this render")
        return self._directory / f"{render_id}.{ending}"


def _order_in(path: Path) -> dict[str, Any] | None:
    """None when there is no such file, or a machine that lost its power left half of one."""
    try:
        order = json.loads(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return None
    return order if isinstance(order, dict) else None
