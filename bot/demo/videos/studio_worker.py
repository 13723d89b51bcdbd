"""One film: the order as JSON on stdin, the MP4 at the path it names, whole or not at all.

Started by `studio.py` as `python -m bot.demo.videos.studio_worker`.
"""

import base64
import json
import os
import sys
from pathlib import Path

from bot.media.animatic import AnimaticRequest, render_animatic


def main() -> None:
    order = json.load(sys.stdin)
    # The bot of the demo runs beside us on the same cores: its answers come first.
    if hasattr(os, "nice"):
        os.nice(10)
    parent = os.getppid()
    picture = order["picture"]
    request = AnimaticRequest(
        prompt=order["prompt"],
        length_s=order["length_s"],
        size_px=tuple(order["size_px"]),
        picture=None if picture is None else base64.b64decode(picture),
        audio=True,
        label=order["label"],
    )
    path = Path(order["path"])
    part = path.with_name(f"{path.stem}.{os.getpid()}.part.mp4")
    try:
        # A parent that was killed cannot end us; a process that lost it belongs to somebody else.
        render_animatic(request, part, should_stop=lambda: os.getppid() != parent)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
