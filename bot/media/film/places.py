"""The places a film can be set in: each gives its layers, farthest first."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bot.media.film.layers import Crest, Layer, disc, still_masks
from bot.media.film.mood import Place
from bot.media.film.paint import gradient, mixed, noise, picture_of
from bot.media.film.planes import Canvas
from bot.media.film.stage import Stage, columns, ground, rolling

Tower = tuple[float, float, float]
"""Left, width and height, in units."""


def hills(stage: Stage) -> list[Layer]:
    palette, layers = stage.mood.palette, []
    for index, depth in enumerate((0.18, 0.3, 0.48, 0.72, 1.0)):
        crest = rolling(columns(stage, depth), stage.rng, 150 - 12 * index, 900 - 90 * index) * stage.unit
        colour = mixed(palette.far, palette.near, (index / 4) ** 1.2)
        haze = mixed(colour, palette.low, 0.55 - 0.13 * index)
        layers.append(ground(stage, crest, top=0.44 + 0.105 * index, depth=depth, colours=(colour, haze)))
    return layers


def sea(stage: Stage) -> list[Layer]:
    palette, unit = stage.mood.palette, stage.unit
    coast = (rolling(columns(stage, 0.12), stage.rng, 70, 1100) + 18) * unit
    water = (mixed(palette.low, palette.far, 0.35), mixed(palette.far, palette.near, 0.35))
    layers = [
        ground(stage, coast, top=0.47, depth=0.12, colours=(mixed(palette.far, palette.low, 0.35),) * 2),
        ground(stage, np.zeros_like(columns(stage, 0.05)), top=0.56, depth=0.05, colours=water),
    ]
    for index, depth in enumerate((0.2, 0.34, 0.52, 0.76, 1.0)):
        drift = (9 + 7 * index) * unit * (1 if index % 2 else -1)
        x = columns(stage, depth, drift)
        peaks = 1 - np.abs(np.sin(x * np.pi / (130 + 80 * index) + rolling(x, stage.rng, 2.2, 900)))
        swell = peaks**1.4 * (9 + 8 * index) + rolling(x, stage.rng, 8 + 7 * index, 620)
        colour = mixed(mixed(palette.far, palette.middle, 0.45), palette.near, 0.10 + 0.20 * index)
        wave = ground(
            stage,
            np.maximum(19 + 15 * index - swell, 0) * unit,
            top=0.575 + 0.073 * index,
            depth=depth,
            colours=(mixed(colour, palette.low, 0.42 - 0.07 * index), colour),
            drift_px_s=drift,
            bob_px=(3 + 1.6 * index) * unit,
            vertical=True,
        )
        layers.append(wave)
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
        layers.append(ground(stage, crest * stage.unit, top=0.30 + 0.07 * index, depth=depth, colours=(colour, haze)))
    return layers


def _conifer(x: NDArray[np.float64], at: float, half: float, tall: float, floor: Crest) -> Crest:
    """A fir in outline: a cone whose sides step in tiers."""
    away, tiers = np.abs(x - at), 7
    reach = 1 - away / half
    steps = np.floor(reach * tiers) / tiers * 0.55 + reach * 0.45 + 0.05 * ((reach * tiers) % 1)
    return np.where(away < half, floor + 12 - steps * tall, np.inf)


def city(stage: Stage) -> list[Layer]:
    palette, layers = stage.mood.palette, []
    for index, depth in enumerate((0.16, 0.4, 0.8)):
        x = columns(stage, depth)
        crest, towers, at = np.full_like(x, 330.0), list[Tower](), -20.0
        while at < x[-1]:
            wide, tall = stage.rng.uniform(46, 96) * (1 + 0.4 * index), stage.rng.uniform(60, 300 - 40 * index)
            crest[(x >= at) & (x < at + wide)] = 330 - tall
            towers.append((at, wide, tall))
            at += wide + stage.rng.uniform(2, 14)
        colour = mixed(palette.far, palette.near, 0.25 + 0.37 * index)
        haze = mixed(colour, palette.low, 0.5 - 0.22 * index)
        top = 0.28 + 0.12 * index
        wall = ground(stage, crest * stage.unit, top=top, depth=depth, colours=(colour, haze))
        layers.append(wall)
        layers.append(_windows(stage, wall, towers, strength=0.35 + 0.3 * index))
    return layers


def _windows(stage: Stage, wall: Layer, towers: list[Tower], *, strength: float) -> Layer:
    """Lit windows as a sheet of their own over the wall, moving with it."""
    palette, unit = stage.mood.palette, stage.unit
    size = (wall.colour.bands[0].width, wall.colour.bands[0].height)
    lights, mask = Image.new("RGB", size, palette.light), Image.new("L", size)
    for at, wide, tall in towers:
        if stage.rng.random() < 0.3:
            lights.paste(palette.accent, (round(at * unit), 0, round((at + wide) * unit), size[1]))
        step_x, step_y = stage.rng.uniform(11, 15), stage.rng.uniform(14, 19)
        for row in range(int((tall - 18) / step_y) + 1):
            for column in range(int((wide - 10) / step_x)):
                if stage.rng.random() < 0.36:
                    left, top = (at + 7 + column * step_x) * unit, (330 - tall + 14 + row * step_y) * unit
                    box = (round(left), round(top), round(left + 5.5 * unit), round(top + 8 * unit))
                    mask.paste(round(255 * strength * stage.rng.uniform(0.4, 1)), box)
    return Layer(
        colour=Canvas.of(lights), masks=still_masks(mask), left_px=wall.left_px, top_px=wall.top_px, depth=wall.depth
    )


def dunes(stage: Stage) -> list[Layer]:
    palette, layers = stage.mood.palette, []
    for index, depth in enumerate((0.14, 0.3, 0.55, 1.0)):
        x = columns(stage, depth)
        ridge = 1 - np.abs(np.sin(x * np.pi / (620 + 170 * index) + stage.rng.random() * 7)) ** 0.8
        crest = ridge * -(70 + 16 * index) + rolling(x, stage.rng, 46, 1500) + 90 + 16 * index
        colour = mixed(palette.far, palette.near, index / 3.4)
        lit = mixed(colour, palette.light, 0.3 - 0.05 * index)
        top = 0.45 + 0.12 * index
        layers.append(ground(stage, np.maximum(crest, 0) * stage.unit, top=top, depth=depth, colours=(lit, colour)))
    return layers


def space(stage: Stage) -> list[Layer]:
    """A planet's limb across the lower frame, lit along its edge."""
    palette, (width, height) = stage.mood.palette, stage.size_px
    depth, radius = 0.5, 0.95 * max(width, height)
    x = columns(stage, depth) * stage.unit
    crest = radius - np.sqrt(np.maximum(radius**2 - (x - x[-1] / 2 + 0.12 * width) ** 2, 0)) + 2
    tall = round(height * 0.2 + stage.travel_px[1] + 4) * 2
    field = gradient((len(x), tall), [(0, palette.far), (1, palette.near)], stage.rng)
    below = np.arange(tall, dtype=np.float32)[:, None] - crest[None, :].astype(np.float32)
    bands = noise((len(x), tall), 120 * stage.unit, stage.rng, stretch=4)[..., None] * 46 - 23
    rim = np.exp(-np.maximum(below, 0) / (16 * stage.unit))[..., None]
    field += bands * np.clip(1 - below / (height * 0.4), 0, 1)[..., None]
    field += rim * (np.array(palette.light, np.float32) - field)
    whole = ground(stage, crest, top=0.60, depth=depth, colours=(palette.far, palette.near))
    mask = Image.fromarray((np.clip(below + 0.5, 0, 1) * 255).astype(np.uint8))
    return [
        Layer(
            colour=Canvas.of(picture_of(field)),
            masks=still_masks(mask),
            left_px=whole.left_px,
            top_px=whole.top_px,
            depth=depth,
        )
    ]


def studio(stage: Stage) -> list[Layer]:
    """A sweep of paper with a round plinth: room for a product."""
    palette, (width, height) = stage.mood.palette, stage.size_px
    x = columns(stage, 0.2)
    paper = 2 + ((x - x.mean()) / x.mean()) ** 2 * 26
    floor = (mixed(palette.low, palette.light, 0.4), palette.far)
    layers = [ground(stage, paper * stage.unit, top=0.63, depth=0.2, colours=floor)]
    for wide, thick, depth, shade in ((0.30, 0.050, 0.55, 0.30), (0.19, 0.075, 0.62, 0.12)):
        lid = disc(wide * min(width, height * 1.3), softness=0.02, flatten=4.2)
        tall = round(thick * height / 2) * 2
        mask = Image.new("L", (lid.width, lid.height + tall))
        for step in range(tall, -1, -1):
            mask.paste(255, (0, step, lid.width, step + lid.height), lid)
        side = gradient(mask.size, [(0, mixed(palette.far, palette.near, shade)), (1, palette.near)], stage.rng)
        colour = picture_of(side * (0.55 + 0.5 * np.cos(np.linspace(-1.2, 1.5, mask.width))[None, :, None]))
        colour.paste(mixed(palette.low, palette.light, 0.55 - shade), (0, 0, *lid.size), lid)
        layers.append(
            Layer(
                colour=Canvas.of(colour),
                masks=still_masks(mask),
                left_px=width / 2 - mask.width / 2,
                top_px=height * 0.70 - (tall if wide < 0.25 else 0) - lid.height / 2,
                depth=depth,
            )
        )
    return layers


PAINTERS = {
    Place.SEA: sea,
    Place.HILLS: hills,
    Place.FOREST: forest,
    Place.CITY: city,
    Place.DUNES: dunes,
    Place.SPACE: space,
    Place.STUDIO: studio,
}
