"""What falls, flies and glows in the air."""

from functools import partial

import numpy as np
from PIL import Image, ImageDraw

from bot.media.film.layers import Sprite, disc
from bot.media.film.mood import Place, Weather
from bot.media.film.stage import Stage

EMBER = (255, 188, 96)
Point = tuple[float, float]


def airborne(stage: Stage) -> list[Sprite]:
    """Everything in the air of this place and weather."""
    match stage.mood.weather:
        case Weather.SNOW:
            weather = [_flake(stage) for _ in range(90)]
        case Weather.RAIN:
            weather = [_drop(stage) for _ in range(90)]
        case Weather.SPARKS:
            weather = [_spark(stage) for _ in range(52)]
        case Weather.CLEAR:
            weather = []
    birds = [] if stage.mood.palette.stars or weather else _flock(stage)
    match stage.mood.place:
        case Place.SEA:
            return [*_glints(stage), *birds, *weather]
        case Place.HILLS | Place.DUNES:
            return [*birds, *weather]
        case Place.FOREST if not weather:
            return [_mote(stage, radius=2.6) for _ in range(26)]
        case Place.STUDIO | Place.CITY if not weather:
            return [_mote(stage, radius=15) for _ in range(16)]
        case _:
            return weather


def _anywhere(stage: Stage) -> Point:
    return float(stage.rng.random()) * stage.size_px[0], float(stage.rng.random()) * stage.size_px[1]


def _flake(stage: Stage) -> Sprite:
    near = float(stage.rng.random()) ** 2
    mask = disc((1.4 + 4.2 * near) * stage.unit, softness=0.8, level=round(150 + 90 * near))
    speed = (stage.rng.uniform(-16, 4) * stage.unit, (34 + 70 * near) * stage.unit)
    fall = partial(_fallen, _anywhere(stage), speed, 10 * stage.unit, stage.size_px)
    return Sprite(colour=(255, 255, 255), mask=mask, path=fall)


def _drop(stage: Stage) -> Sprite:
    near = float(stage.rng.random())
    long = round((16 + 26 * near) * stage.unit) + 2
    mask = Image.new("L", (max(4, long // 6), long))
    line = (mask.width - 1, 0, 0, long)
    ImageDraw.Draw(mask).line(line, fill=round(50 + 70 * near), width=max(1, round(1.4 * stage.unit)))
    speed = (620 + 520 * near) * stage.unit
    fall = partial(_fallen, _anywhere(stage), (-speed / 6, speed), 0.0, stage.size_px)
    return Sprite(colour=(214, 226, 236), mask=mask, path=fall)


def _spark(stage: Stage) -> Sprite:
    rng, unit = stage.rng, stage.unit
    speed = (rng.uniform(-8, 8) * unit, -rng.uniform(10, 42) * unit)
    return Sprite(
        colour=EMBER,
        mask=disc(rng.uniform(3, 8.5) * unit, softness=0.95),
        path=partial(_fallen, _anywhere(stage), speed, 16 * unit, stage.size_px),
        brightness=partial(_beating, 0.1, float(rng.uniform(1.1, 3)), float(rng.random() * 7)),
    )


def _glints(stage: Stage) -> list[Sprite]:
    """The light's road on the water, each glint with its own beat."""
    (sun_x, _, _), height, rng, unit = stage.sun, stage.size_px[1], stage.rng, stage.unit
    glints = []
    for _ in range(64):
        down = float(rng.random()) ** 1.5
        at = (sun_x + float(rng.normal()) * (20 + 110 * down) * unit, height * (0.565 + 0.40 * down))
        glint = Sprite(
            colour=stage.mood.palette.light,
            mask=disc((8 + 30 * down * rng.random()) * unit, softness=0.9, level=190, flatten=8),
            path=partial(_glided, at, 0.0, 0.0),
            brightness=partial(_beating, 0.0, float(rng.uniform(1.2, 3.2)), float(rng.random() * 7)),
        )
        glints.append(glint)
    return glints


def _mote(stage: Stage, *, radius: float) -> Sprite:
    """A light out of focus, or pollen in the sun: slow and soft."""
    blurred = radius > 8
    size = stage.rng.uniform(0.5, 1.6) * radius * stage.unit
    mask = disc(size, softness=0.25 if blurred else 0.9, level=60 if blurred else 200)
    x, y = _anywhere(stage)
    return Sprite(
        colour=stage.mood.palette.accent,
        mask=mask,
        path=partial(_glided, (x, y * 0.75), stage.rng.uniform(-10, 10) * stage.unit, 9 * stage.unit),
        brightness=partial(_beating, 0.3, 7.0, float(stage.rng.random() * 7)),
    )


def _flock(stage: Stage) -> list[Sprite]:
    """A few birds, drawn large and scaled down for a soft line."""
    rng, unit, (width, height) = stage.rng, stage.unit, stage.size_px
    lead = (rng.uniform(0.1, 0.35) * width, rng.uniform(0.16, 0.3) * height)
    birds = []
    for index in range(7):
        span = max(4.0, rng.uniform(9, 15) * unit)
        mask = Image.new("L", (round(span * 8), round(span * 4)))
        bend, flat = span * 4, span * 1.2
        wings = [(0, flat), (bend * 0.5, 0), (bend, flat * 1.3), (bend * 1.5, 0), (bend * 2, flat)]
        ImageDraw.Draw(mask).line(wings, fill=230, width=max(2, round(4.4 * unit)), joint="curve")
        mask = mask.resize((max(4, mask.width // 4), max(4, mask.height // 4)), Image.Resampling.LANCZOS)
        behind, aside = index * 34 * rng.uniform(0.7, 1.2), (index % 3 - 1) * 24 * rng.uniform(0.5, 1.2)
        at = (lead[0] - behind * unit, lead[1] + aside * unit)
        birds.append(Sprite(colour=stage.mood.palette.near, mask=mask, path=partial(_glided, at, 26 * unit, 5 * unit)))
    return birds


def _fallen(start: Point, speed: Point, sway: float, size_px: tuple[int, int], time_s: float) -> Point:
    """A straight way that sways a little and comes in again at the other edge."""
    x = start[0] + speed[0] * time_s + sway * float(np.sin(time_s * 1.3 + start[1]))
    y = start[1] + speed[1] * time_s
    room = 50
    return (x + room) % (size_px[0] + 2 * room) - room, (y + room) % (size_px[1] + 2 * room) - room


def _glided(start: Point, speed_px_s: float, lift_px: float, time_s: float) -> Point:
    return start[0] + speed_px_s * time_s, start[1] + lift_px * float(np.sin(time_s * 0.9 + start[0]))


def _beating(least: float, beat_s: float, start: float, time_s: float) -> float:
    """Between `least` and 1 in a slow beat."""
    return least + (1 - least) * (0.5 + 0.5 * float(np.sin(time_s * 2 * np.pi / beat_s + start)))
