"""Where the camera is at a moment: a sideways or upward travel that gives depth, or a change of size."""

import math
from dataclasses import dataclass

from bot.media.film.mood import Move

ZOOM = 0.13


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    offset_px: tuple[float, float]
    """How far a layer of depth 1 has moved."""
    zoom: float
    """1 shows everything, 1.1 a tenth less."""

    def box(self, width: int, height: int) -> tuple[float, float, float, float]:
        """The part of a picture that fills the frame."""
        cut_x, cut_y = width * (1 - 1 / self.zoom) / 2, height * (1 - 1 / self.zoom) / 2
        return cut_x, cut_y, width - cut_x, height - cut_y


class Camera:
    """One move over the whole film, easing in and out."""

    def __init__(self, move: Move, size_px: tuple[int, int], length_s: float, *, over_picture: bool) -> None:
        self._move, self._length_s, self._over_picture = move, length_s, over_picture
        reach = min(1.0, 0.35 + length_s / 12)
        across = {Move.PAN_RIGHT: -0.16, Move.PAN_LEFT: 0.16, Move.AERIAL: -0.06}.get(move, 0.0)
        upward = {Move.TILT_UP: 0.075, Move.TILT_DOWN: -0.075, Move.AERIAL: 0.05}.get(move, 0.0)
        self._reach_px = (across * size_px[0] * reach, upward * size_px[1] * reach)

    @property
    def travel_px(self) -> tuple[float, float]:
        """The farthest a layer of depth 1 gets from its middle, in each direction."""
        return abs(self._reach_px[0]), abs(self._reach_px[1])

    def at(self, time_s: float) -> View:
        share = 0.5 - 0.5 * math.cos(math.pi * min(1.0, time_s / self._length_s))
        share = 0.7 * (time_s / self._length_s) + 0.3 * share
        offset = (self._reach_px[0] * (2 * share - 1), self._reach_px[1] * (2 * share - 1))
        match self._move:
            case Move.PUSH_IN:
                zoom = 1 + ZOOM * share
            case Move.PULL_OUT | Move.AERIAL:
                zoom = 1 + ZOOM * (1 - share)
            case _ if self._over_picture:
                zoom = 1.04 + ZOOM * 0.6 * share
            case _:
                zoom = 1.0
        return View(offset_px=offset, zoom=zoom)
