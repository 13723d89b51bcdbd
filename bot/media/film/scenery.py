"""The places a film can be set in. Each returns its layers and sprites, farthest first."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bot.media.film.layers import Layer, Sprite, disc, gradient, mixed, noise, picture_of, silhouette_masks
from bot.media.film.mood import Mood, Place, Rgb, Weather
from bot.media.film.weather import flock, weather_sprites

Crest = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What every painter needs: the mood, the frame, how far things travel over the whole film."""

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


class Scenery:
    """A place, painted once and composed again for each frame."""

    def __init__(self, stage: Stage) -> None:
        self._sky = paint_sky(stage)
        self._layers = [clouds(stage), *PAINTERS[stage.mood.place](stage)]
        self._sprites = [*place_sprites(stage), *weather_sprites(stage.mood, stage.size_px, stage.rng)]

    def compose(self, time_s: float, offset_px: tuple[float, float]) -> Image.Image:
        canvas = self._sky.copy()
        for layer in self._layers:
            layer.place(canvas, time_s, offset_px)
        for sprite in self._sprites:
            sprite.place(canvas, time_s)
        return canvas


def sun_at(stage: Stage) -> tuple[float, float, float]:
    """Middle and radius of the sun, moon or lamp."""
    width, height = stage.size_px
    across = 0.62 + 0.14 * ((stage.mood.seed % 97) / 97 - 0.5)
    match stage.mood.place:
        case Place.SEA:
            down = 0.42
        case Place.STUDIO:
            down = 0.30
        case Place.SPACE:
            down = 0.24
        case _:
            down = 0.36 if stage.mood.palette.stars is False else 0.24
    return across * width, down * height, 46 * stage.unit


def paint_sky(stage: Stage) -> Image.Image:
    palette, (width, height) = stage.mood.palette, stage.size_px
    field = gradient(stage.size_px, [(0, palette.top), (0.38, palette.middle), (0.66, palette.low), (1, palette.low)], stage.rng)
    if stage.mood.place is Place.SPACE:
        field = gradient(stage.size_px, [(0, palette.top), (0.6, palette.middle), (1, palette.top)], stage.rng)
        clouds_of_dust = np.clip(noise(stage.size_px, 420 * stage.unit, stage.rng) - 0.45, 0, 1)[..., None] * 2.2
        field += clouds_of_dust * (np.array(palette.low, np.float32) - field)
    x, y, radius = sun_at(stage)
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    distance = np.hypot(columns - x, rows - y)
    glow = 0.75 * np.exp(-distance / (radius * 1.6)) + 0.38 * np.exp(-distance / (radius * 6))
    core = np.clip((radius - distance) / (1.5 * stage.unit) + 0.5, 0, 1)
    if stage.mood.place is Place.STUDIO:
        glow, core = 0.8 * np.exp(-((distance / (radius * 7)) ** 2)), np.zeros_like(core)
    light = np.array(palette.light, np.float32)
    field += np.clip(glow, 0, 1)[..., None] * (light - field)
    field += core[..., None] * (light + 0.5 * (255 - light) - field)
    if palette.stars:
        _add_stars(field, stage)
    return picture_of(field)


def _add_stars(field: NDArray[np.float32], stage: Stage) -> None:
    width, height = stage.size_px
    count = round(width * height / 2600)
    xs = stage.rng.integers(0, width - 1, count)
    ys = (stage.rng.random(count) ** 1.4 * (height - 1)).astype(int)
    strength = (stage.rng.random(count) ** 4 * 220)[:, None].astype(np.float32)
    field[ys, xs] += strength
    bright = strength[:, 0] > 110
    for shift_x, shift_y in ((1, 0), (0, 1), (-1, 0), (0, -1)):
        near_y, near_x = np.clip(ys[bright] + shift_y, 0, height - 1), np.clip(xs[bright] + shift_x, 0, width - 1)
        field[near_y, near_x] += strength[bright] * 0.4


def clouds(stage: Stage) -> Layer:
    """A thin veil that drifts: what makes a still sky alive."""
    palette, unit = stage.mood.palette, stage.unit
    width = round(stage.size_px[0] + 8 * unit * stage.length_s) + 8
    height = round(stage.size_px[1] * 0.6)
    veil = np.clip(noise((width, height), 190 * unit, stage.rng, stretch=3.2) - 0.46, 0, 1) * 2.6
    veil *= np.sin(np.linspace(0, np.pi, height, dtype=np.float32))[:, None]
    strength = 60 if stage.mood.place in (Place.SPACE, Place.STUDIO) else 150
    mask = Image.fromarray((np.clip(veil, 0, 1) * strength).astype(np.uint8))
    colour = mixed(palette.light, palette.middle, 0.35 if not palette.stars else 0.8)
    return Layer(
        colour=Image.new("RGB", (width, height), colour), masks=(mask,), left_px=-8 * unit * stage.length_s - 4,
        top_px=stage.size_px[1] * 0.02, depth=0.04, drift_px_s=8 * unit,
    )  # fmt: skip


def ground(
    stage: Stage, crest: Crest, *, top: float, depth: float, colours: tuple[Rgb, Rgb], drift_px_s: float = 0,
    bob_px: float = 0, vertical: bool = False,
) -> Layer:  # fmt: skip
    """A silhouette from `top` (share of the frame) to below the frame's edge."""
    top_px = top * stage.size_px[1]
    height = round(stage.size_px[1] - top_px + stage.travel_px[1] * depth + bob_px + 6)
    whole = picture_of(gradient((len(crest), height), [(0, colours[0]), (0.75, colours[1]), (1, colours[1])], stage.rng))
    edge = min(height, math.ceil(float(crest.max())) + 3)
    return Layer(
        colour=whole.crop((0, 0, whole.width, edge)), solid=whole.crop((0, edge, whole.width, height)), depth=depth,
        masks=silhouette_masks(crest, edge, vertical=vertical), left_px=-_margin(stage, depth, drift_px_s), top_px=top_px, drift_px_s=drift_px_s, bob_px=bob_px, vertical=vertical,
    )  # fmt: skip


def _margin(stage: Stage, depth: float, drift_px_s: float) -> float:
    return stage.travel_px[0] * depth + abs(drift_px_s) * stage.length_s + 3


def columns(stage: Stage, depth: float, drift_px_s: float = 0) -> NDArray[np.float64]:
    """The x of each column of a layer that can travel without showing its ends."""
    margin = _margin(stage, depth, drift_px_s)
    return np.arange(round(stage.size_px[0] + 2 * margin) + 4, dtype=np.float64) / stage.unit


def rolling(x: NDArray[np.float64], rng: np.random.Generator, height: float, length: float) -> Crest:
    """Hills: sines of falling weight, never negative."""
    total = np.zeros_like(x)
    for octave in range(5):
        wave = length / 2.1**octave
        total += np.sin(x * 2 * np.pi / wave + rng.random() * 7) * 0.5**octave
    scaled: Crest = (total - total.min()) / max(float(np.ptp(total)), 1e-6) * height
    return scaled


def hills(stage: Stage) -> list[Layer]:
    palette, layers = stage.mood.palette, []
    for index, depth in enumerate((0.18, 0.3, 0.48, 0.72, 1.0)):
        x = columns(stage, depth)
        crest = rolling(x, stage.rng, 150 - 12 * index, 900 - 90 * index) * stage.unit
        colour = mixed(palette.far, palette.near, (index / 4) ** 1.2)
        haze = mixed(colour, palette.low, 0.55 - 0.13 * index)
        layers.append(ground(stage, crest, top=0.44 + 0.105 * index, depth=depth, colours=(colour, haze)))
    return layers


def sea(stage: Stage) -> list[Layer]:
    palette, layers = stage.mood.palette, []
    x = columns(stage, 0.12)
    coast = rolling(x, stage.rng, 70, 1100) * stage.unit + 18 * stage.unit
    layers.append(ground(stage, coast, top=0.47, depth=0.12, colours=(mixed(palette.far, palette.low, 0.35),) * 2))
    flat = np.zeros_like(columns(stage, 0.05))
    water = (mixed(palette.low, palette.far, 0.35), mixed(palette.far, palette.near, 0.35))
    layers.append(ground(stage, flat, top=0.56, depth=0.05, colours=water))
    for index, depth in enumerate((0.2, 0.34, 0.52, 0.76, 1.0)):
        drift = (9 + 7 * index) * stage.unit * (1 if index % 2 else -1)
        x = columns(stage, depth, drift)
        peaks = 1 - np.abs(np.sin(x * np.pi / (130 + 80 * index) + rolling(x, stage.rng, 2.2, 900)))
        swell = peaks**1.4 * (9 + 8 * index) + rolling(x, stage.rng, 8 + 7 * index, 620)
        crest = (17 + 15 * index) - swell + 2
        colour = mixed(mixed(palette.far, palette.middle, 0.45), palette.near, 0.10 + 0.20 * index)
        layers.append(
            ground(
                stage, np.maximum(crest, 0) * stage.unit, top=0.575 + 0.073 * index, depth=depth, drift_px_s=drift,
                colours=(mixed(colour, palette.low, 0.42 - 0.07 * index), colour), bob_px=(3 + 1.6 * index) * stage.unit,
                vertical=True,
            )
        )  # fmt: skip
    return layers


def forest(stage: Stage) -> list[Layer]:
    palette, layers = stage.mood.palette, hills(stage)[:2]
    for index, depth in enumerate((0.34, 0.62, 1.0)):
        x = columns(stage, depth)
        floor = 190 + 60 * index + rolling(x, stage.rng, 40, 800)
        crest, at = floor.copy(), 0.0
        while at < x[-1]:
            at += stage.rng.uniform(18, 44) * (1 + index * 0.7)
            tall, half = stage.rng.uniform(80, 165) * (1 + index * 0.45), stage.rng.uniform(20, 32) * (1 + index * 0.5)
            crest = np.minimum(crest, _conifer(x, at, half, tall, floor))
        colour = mixed(palette.far, palette.near, 0.35 + 0.32 * index)
        haze = mixed(colour, palette.low, 0.42 - 0.18 * index)
        layers.append(ground(stage, (crest * stage.unit), top=0.30 + 0.07 * index, depth=depth, colours=(colour, haze)))
    return layers


def _conifer(x: NDArray[np.float64], at: float, half: float, tall: float, floor: Crest) -> Crest:
    away = np.abs(x - at)
    tiers = 7
    reach = 1 - away / half
    steps = np.floor(reach * tiers) / tiers * 0.55 + reach * 0.45 + 0.05 * ((reach * tiers) % 1)
    return np.where(away < half, floor + 12 - steps * tall, np.inf)


def city(stage: Stage) -> list[Layer]:
    palette, layers = stage.mood.palette, []
    for index, depth in enumerate((0.16, 0.4, 0.8)):
        x = columns(stage, depth)
        crest, towers, at = np.full_like(x, 330.0), [], -20.0
        while at < x[-1]:
            wide, tall = stage.rng.uniform(46, 96) * (1 + 0.4 * index), stage.rng.uniform(60, 300 - 40 * index)
            crest[(x >= at) & (x < at + wide)] = 330 - tall
            towers.append((at, wide, tall))
            at += wide + stage.rng.uniform(2, 14)
        colour = mixed(palette.far, palette.near, 0.25 + 0.37 * index)
        layer = ground(
            stage, crest * stage.unit, top=0.28 + 0.12 * index, depth=depth,
            colours=(colour, mixed(colour, palette.low, 0.5 - 0.22 * index)),
        )  # fmt: skip
        _light_windows(layer.colour, towers, stage, strength=0.35 + 0.3 * index)
        layers.append(layer)
    return layers


def _light_windows(wall: Image.Image, towers: list[tuple[float, float, float]], stage: Stage, *, strength: float) -> None:
    palette, unit = stage.mood.palette, stage.unit
    for at, wide, tall in towers:
        warm = palette.accent if stage.rng.random() < 0.3 else palette.light
        step_x, step_y = stage.rng.uniform(11, 15), stage.rng.uniform(14, 19)
        for row in range(int((tall - 18) / step_y) + 8):
            for column in range(int((wide - 10) / step_x)):
                if stage.rng.random() < 0.36:
                    left, top = (at + 7 + column * step_x) * unit, (330 - tall + 14 + row * step_y) * unit
                    box = (round(left), round(top), round(left + 5.5 * unit), round(top + 8 * unit))
                    colour = wall.getpixel((min(max(box[0], 0), wall.width - 1), min(box[1], wall.height - 1)))
                    assert isinstance(colour, tuple)
                    wall.paste(mixed((colour[0], colour[1], colour[2]), warm, strength * stage.rng.uniform(0.4, 1)), box)


def dunes(stage: Stage) -> list[Layer]:
    palette, layers = stage.mood.palette, []
    for index, depth in enumerate((0.14, 0.3, 0.55, 1.0)):
        x = columns(stage, depth)
        long = 620 + 170 * index
        ridge = 1 - np.abs(np.sin(x * np.pi / long + stage.rng.random() * 7)) ** 0.8
        crest = (ridge * -(70 + 16 * index) + rolling(x, stage.rng, 46, 1500) + 90 + 16 * index) * stage.unit
        colour = mixed(palette.far, palette.near, index / 3.4)
        lit = mixed(colour, palette.light, 0.3 - 0.05 * index)
        layers.append(ground(stage, np.maximum(crest, 0), top=0.45 + 0.12 * index, depth=depth, colours=(lit, colour)))
    return layers


def space(stage: Stage) -> list[Layer]:
    """A planet's limb across the lower frame, lit from the star's side."""
    palette, (width, height) = stage.mood.palette, stage.size_px
    depth, radius = 0.5, 0.95 * max(width, height)
    x = columns(stage, depth) * stage.unit
    middle = x[-1] / 2 - 0.12 * width
    crest = radius - np.sqrt(np.maximum(radius**2 - (x - middle) ** 2, 0)) + 2
    layer = ground(stage, crest, top=0.60, depth=depth, colours=(palette.far, palette.near))
    field = np.asarray(layer.colour, dtype=np.float32).copy()
    below = np.arange(field.shape[0], dtype=np.float32)[:, None] - crest[None, :].astype(np.float32)
    bands = noise((field.shape[1], field.shape[0]), 120 * stage.unit, stage.rng, stretch=4)[..., None] * 46 - 23
    rim = np.exp(-np.maximum(below, 0) / (16 * stage.unit))[..., None]
    field += bands * np.clip(1 - below / (height * 0.4), 0, 1)[..., None] + rim * (np.array(palette.light, np.float32) - field)
    return [
        Layer(colour=picture_of(field), masks=layer.masks, left_px=layer.left_px, top_px=layer.top_px, depth=depth)
    ]  # fmt: skip


def studio(stage: Stage) -> list[Layer]:
    """A sweep of paper with a round plinth: room for a product."""
    palette, (width, height) = stage.mood.palette, stage.size_px
    x = columns(stage, 0.2)
    paper = np.full_like(x, 2.0) + ((x - x.mean()) / x.mean()) ** 2 * 26
    layers = [ground(stage, paper * stage.unit, top=0.63, depth=0.2, colours=(mixed(palette.low, palette.light, 0.4), palette.far))]
    for wide, thick, depth, shade in ((0.30, 0.050, 0.55, 0.30), (0.19, 0.075, 0.62, 0.12)):
        radius = wide * min(width, height * 1.3)
        mask = disc(radius, softness=0.02, flatten=4.2)
        tall = round(thick * height)
        plinth = Image.new("L", (mask.width, mask.height + tall))
        for step in range(tall, -1, -1):
            plinth.paste(255, (0, step, mask.width, step + mask.height), mask)
        side = gradient(plinth.size, [(0, mixed(palette.far, palette.near, shade)), (1, palette.near)], stage.rng)
        across = np.cos(np.linspace(-1.2, 1.5, plinth.width, dtype=np.float32))[None, :, None]
        colour = picture_of(side * (0.55 + 0.5 * across))
        lid = Image.new("RGB", mask.size, mixed(palette.low, palette.light, 0.55 - shade))
        colour.paste(lid, (0, 0), mask)
        top = height * 0.70 - (tall if wide < 0.25 else 0) - mask.height / 2
        layers.append(Layer(colour=colour, masks=(plinth,), left_px=width / 2 - plinth.width / 2, top_px=top, depth=depth))
    return layers


def place_sprites(stage: Stage) -> list[Sprite]:
    match stage.mood.place:
        case Place.SEA:
            return [*glints(stage), *flock(stage.mood, stage.size_px, stage.rng)]
        case Place.HILLS | Place.DUNES:
            return flock(stage.mood, stage.size_px, stage.rng)
        case Place.FOREST if stage.mood.weather is Weather.CLEAR:
            return motes(stage, 26, radius=2.6)
        case Place.STUDIO | Place.CITY if stage.mood.weather is Weather.CLEAR:
            return motes(stage, 16, radius=15)
        case _:
            return []


def glints(stage: Stage) -> list[Sprite]:
    """The light's road on the water, each glint with its own beat."""
    (sun_x, _, _), (_, height), unit = sun_at(stage), stage.size_px, stage.unit
    sprites = []
    for _ in range(64):
        down = float(stage.rng.random()) ** 1.5
        x = sun_x + float(stage.rng.normal()) * (20 + 110 * down) * unit
        y = height * (0.565 + 0.40 * down)
        mask = disc((8 + 30 * down * stage.rng.random()) * unit, softness=0.9, level=190, flatten=8)
        beat, start = float(stage.rng.uniform(1.2, 3.2)), float(stage.rng.random() * 7)
        sprites.append(
            Sprite(
                colour=stage.mood.palette.light, mask=mask, path=lambda _, x=x, y=y: (x, y),  # type: ignore[misc]
                brightness=lambda t, b=beat, s=start: 0.5 + 0.5 * float(np.sin(t * 2 * np.pi / b + s)),  # type: ignore[misc]
            )
        )  # fmt: skip
    return sprites


def motes(stage: Stage, count: int, *, radius: float) -> list[Sprite]:
    """Lights out of focus, or pollen in the sun: slow and soft."""
    (width, height), sprites = stage.size_px, []
    for _ in range(count):
        x, y = stage.rng.random() * width, stage.rng.random() * height * 0.75
        size = stage.rng.uniform(0.5, 1.6) * radius * stage.unit
        speed, start = stage.rng.uniform(-10, 10) * stage.unit, stage.rng.random() * 7
        mask = disc(size, softness=0.25 if radius > 8 else 0.9, level=60 if radius > 8 else 200)
        sprites.append(
            Sprite(
                colour=stage.mood.palette.accent, mask=mask,
                path=lambda t, x=x, y=y, v=speed, s=start: (x + v * t, y + 9 * np.sin(t * 0.6 + s)),  # type: ignore[misc]
                brightness=lambda t, s=start: 0.65 + 0.35 * float(np.sin(t * 0.9 + s)),  # type: ignore[misc]
            )
        )  # fmt: skip
    return sprites


PAINTERS = {
    Place.SEA: sea,
    Place.HILLS: hills,
    Place.FOREST: forest,
    Place.CITY: city,
    Place.DUNES: dunes,
    Place.SPACE: space,
    Place.STUDIO: studio,
}
