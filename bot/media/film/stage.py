"""What every painter of a place stands on: the frame, how far things travel, and ground in silhouette."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.media.film.layers import Crest, Layer, silhouette_masks
from bot.media.film.mood import Mood, Place, Rgb
from bot.media.film.paint import gradient, picture_of
from bot.media.film.planes import Canvas


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    mood: Mood
    size_px: tuple[int, int]
    length_s: float
    travel_px: tuple[float, float]
    """How far the camera moves a layer of depth 1, to either side."""
    rng: np.random.Generator

    @property
    def unit(self) -> float:
        """One pixel of a 720-line film, so that forms keep their proportions at every size."""
        return min(self.size_px) / 720

    @property
    def sun(self) -> tuple[float, float, float]:
        """Middle and radius of the sun, moon or lamp."""
        across = 0.62 + 0.14 * ((self.mood.seed % 97) / 97 - 0.5)
        down = {Place.SEA: 0.42, Place.STUDIO: 0.30, Place.SPACE: 0.24}.get(
            self.mood.place, 0.24 if self.mood.palette.stars else 0.36
        )
        return across * self.size_px[0], down * self.size_px[1], 46 * self.unit


def margin_px(stage: Stage, depth: float, drift_px_s: float = 0) -> float:
    """How much wider than the frame a layer is on each side, so that its ends are never seen."""
    return stage.travel_px[0] * depth + abs(drift_px_s) * stage.length_s + 3


def columns(stage: Stage, depth: float, drift_px_s: float = 0) -> NDArray[np.float64]:
    """The x, in units, of each column of a layer that can travel without showing its ends."""
    width = round(stage.size_px[0] + 2 * margin_px(stage, depth, drift_px_s)) + 4
    return np.arange(width + width % 2, dtype=np.float64) / stage.unit


def rolling(x: NDArray[np.float64], rng: np.random.Generator, height: float, length: float) -> Crest:
    """Hills: sines of falling weight, from 0 to `height`."""
    total = np.zeros_like(x)
    for octave in range(5):
        wave = length / 2.1**octave
        total += np.sin(x * 2 * np.pi / wave + rng.random() * 7) * 0.5**octave
    scaled: Crest = (total - total.min()) / max(float(np.ptp(total)), 1e-6) * height
    return scaled


def ground(
    stage: Stage,
    crest: Crest,
    *,
    top: float,
    depth: float,
    colours: tuple[Rgb, Rgb],
    drift_px_s: float = 0,
    bob_px: float = 0,
    vertical: bool = False,
) -> Layer:
    """A silhouette from `top` (share of the frame) to below the frame's edge; `crest` in pixels from there."""
    top_px = top * stage.size_px[1]
    height = math.ceil((stage.size_px[1] - top_px + stage.travel_px[1] * depth + bob_px + 8) / 2) * 2
    edge = min(height - 2, math.ceil((float(crest.max()) + 4) / 2) * 2)
    stops = [(0, colours[0]), (0.75, colours[1]), (1, colours[1])]
    whole = picture_of(gradient((len(crest), height), stops, stage.rng))
    return Layer(
        colour=Canvas.of(whole.crop((0, 0, whole.width, edge))),
        solid=Canvas.of(whole.crop((0, edge, whole.width, height))),
        masks=silhouette_masks(crest, edge, vertical=vertical),
        left_px=-margin_px(stage, depth, drift_px_s),
        top_px=top_px,
        depth=depth,
        drift_px_s=drift_px_s,
        bob_px=bob_px,
        vertical=vertical,
    )
