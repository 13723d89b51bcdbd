"""Skies: colour, light, stars, and clouds that drift."""

import numpy as np
from PIL import Image

from bot.media.film.layers import Layer, still_masks
from bot.media.film.mood import Place
from bot.media.film.paint import Field, gradient, mixed, noise, picture_of
from bot.media.film.planes import Canvas
from bot.media.film.stage import Stage


def paint_sky(stage: Stage) -> Canvas:
    palette = stage.mood.palette
    if stage.mood.place is Place.SPACE:
        field = gradient(stage.size_px, [(0, palette.top), (0.6, palette.middle), (1, palette.top)], stage.rng)
        dust = np.clip(noise(stage.size_px, 420 * stage.unit, stage.rng) - 0.45, 0, 1)[..., None] * 2.2
        field += dust * (np.array(palette.low, np.float32) - field)
    else:
        stops = [(0, palette.top), (0.38, palette.middle), (0.66, palette.low), (1, palette.low)]
        field = gradient(stage.size_px, stops, stage.rng)
    _add_light(field, stage)
    if palette.stars:
        _add_stars(field, stage)
    return Canvas.of(picture_of(field))


def _add_light(field: Field, stage: Stage) -> None:
    """The sun's disc in its glow; in the studio only a soft pool of light on the paper."""
    x, y, radius = stage.sun
    rows, columns = np.mgrid[0 : field.shape[0], 0 : field.shape[1]].astype(np.float32)
    distance = np.hypot(columns - x, rows - y)
    light = np.array(stage.mood.palette.light, np.float32)
    if stage.mood.place is Place.STUDIO:
        field += (0.8 * np.exp(-((distance / (radius * 7)) ** 2)))[..., None] * (light - field)
        return
    glow = np.clip(0.75 * np.exp(-distance / (radius * 1.6)) + 0.38 * np.exp(-distance / (radius * 6)), 0, 1)
    core = np.clip((radius - distance) / (1.5 * stage.unit) + 0.5, 0, 1)
    field += glow[..., None] * (light - field)
    field += core[..., None] * (light + 0.5 * (255 - light) - field)


def _add_stars(field: Field, stage: Stage) -> None:
    width, height = stage.size_px
    count = round(width * height / 2600)
    xs = stage.rng.integers(0, width - 1, count)
    ys = (stage.rng.random(count) ** 1.4 * (height - 1)).astype(int)
    strength = (stage.rng.random(count) ** 4 * 220)[:, None].astype(np.float32)
    field[ys, xs] += strength
    bright = strength[:, 0] > 110
    for shift_x, shift_y in ((1, 0), (0, 1), (-1, 0), (0, -1)):
        near_y = np.clip(ys[bright] + shift_y, 0, height - 1)
        near_x = np.clip(xs[bright] + shift_x, 0, width - 1)
        field[near_y, near_x] += strength[bright] * 0.4


def clouds(stage: Stage) -> Layer:
    """A thin veil that drifts: what makes a still sky alive."""
    palette, speed = stage.mood.palette, 8 * stage.unit
    width = round((stage.size_px[0] + speed * stage.length_s) / 2) * 2 + 8
    height = round(stage.size_px[1] * 0.3) * 2
    veil = np.clip(noise((width, height), 190 * stage.unit, stage.rng, stretch=3.2) - 0.46, 0, 1) * 2.6
    veil *= np.sin(np.linspace(0, np.pi, height, dtype=np.float32))[:, None]
    strength = 60 if stage.mood.place in (Place.SPACE, Place.STUDIO) else 150
    mask = Image.fromarray((np.clip(veil, 0, 1) * strength).astype(np.uint8))
    colour = mixed(palette.light, palette.middle, 0.8 if palette.stars else 0.35)
    return Layer(
        colour=Canvas.of(Image.new("RGB", (width, height), colour)),
        masks=still_masks(mask),
        left_px=-speed * stage.length_s - 4,
        top_px=stage.size_px[1] * 0.02,
        depth=0.0,
        drift_px_s=speed,
    )
