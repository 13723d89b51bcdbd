"""What falls, flies and glows in the air."""

from functools import partial

import numpy as np
from PIL import Image, ImageDraw

from bot.media.film.layers import Sprite, disc
from bot.media.film.mood import Mood, Weather

EMBER = (255, 188, 96)


def weather_sprites(mood: Mood, size_px: tuple[int, int], rng: np.random.Generator) -> list[Sprite]:
    match mood.weather:
        case Weather.SNOW:
            return [_flake(size_px, rng) for _ in range(90)]
        case Weather.RAIN:
            return [_drop(size_px, rng) for _ in range(110)]
        case Weather.SPARKS:
            return [_spark(size_px, rng) for _ in range(52)]
        case Weather.CLEAR:
            return []


def _flake(size_px: tuple[int, int], rng: np.random.Generator) -> Sprite:
    unit, near = min(size_px) / 720, float(rng.random()) ** 2
    mask = disc((1.4 + 4.2 * near) * unit, softness=0.8, level=round(150 + 90 * near))
    start = (float(rng.random()) * size_px[0], float(rng.random()) * size_px[1])
    speed = ((rng.uniform(-16, 4)) * unit, (34 + 70 * near) * unit)
    return Sprite(colour=(255, 255, 255), mask=mask, path=partial(_fall, start, speed, 10 * unit, size_px))


def _drop(size_px: tuple[int, int], rng: np.random.Generator) -> Sprite:
    unit, near = min(size_px) / 720, float(rng.random())
    long = round((16 + 26 * near) * unit) + 2
    mask = Image.new("L", (max(3, long // 6), long))
    ImageDraw.Draw(mask).line((mask.width - 1, 0, 0, long), fill=round(50 + 70 * near), width=max(1, round(1.4 * unit)))
    start = (float(rng.random()) * size_px[0], float(rng.random()) * size_px[1])
    fall = (620 + 520 * near) * unit
    return Sprite(colour=(214, 226, 236), mask=mask, path=partial(_fall, start, (-fall / 6, fall), 0.0, size_px))


def _spark(size_px: tuple[int, int], rng: np.random.Generator) -> Sprite:
    unit = min(size_px) / 720
    mask = disc(rng.uniform(3, 8.5) * unit, softness=0.95)
    start = (float(rng.random()) * size_px[0], float(rng.random()) * size_px[1])
    speed = (rng.uniform(-8, 8) * unit, -rng.uniform(10, 42) * unit)
    return Sprite(
        colour=EMBER, mask=mask, path=partial(_fall, start, speed, 16 * unit, size_px),
        brightness=partial(_flicker, float(rng.uniform(1.1, 3)), float(rng.random() * 7)),
    )  # fmt: skip


def _fall(
    start: tuple[float, float], speed: tuple[float, float], sway: float, size_px: tuple[int, int], time_s: float
) -> tuple[float, float]:
    """A straight way that sways a little and comes in again at the other edge."""
    x = start[0] + speed[0] * time_s + sway * float(np.sin(time_s * 1.3 + start[1]))
    y = start[1] + speed[1] * time_s
    room = 50
    return (x + room) % (size_px[0] + 2 * room) - room, (y + room) % (size_px[1] + 2 * room) - room


def _flicker(beat_s: float, start: float, time_s: float) -> float:
    return 0.55 + 0.45 * float(np.sin(time_s * 2 * np.pi / beat_s + start))


def flock(mood: Mood, size_px: tuple[int, int], rng: np.random.Generator) -> list[Sprite]:
    """A few birds by day; none in rain, snow or at night."""
    if mood.palette.stars or mood.weather is not Weather.CLEAR:
        return []
    unit, (width, height) = min(size_px) / 720, size_px
    lead = (rng.uniform(0.1, 0.35) * width, rng.uniform(0.16, 0.3) * height)
    birds = []
    for index in range(7):
        span = rng.uniform(9, 15) * unit
        mask = Image.new("L", (round(span * 8), round(span * 4)))
        bend, flat = span * 4, span * 1.2
        ImageDraw.Draw(mask).line(
            [(0, flat), (bend * 0.5, 0), (bend, flat * 1.3), (bend * 1.5, 0), (bend * 2, flat)],
            fill=230, width=max(2, round(4.4 * unit)), joint="curve",
        )  # fmt: skip
        mask = mask.resize((max(4, mask.width // 4), max(3, mask.height // 4)), Image.Resampling.LANCZOS)
        behind, aside = index * 34 * rng.uniform(0.7, 1.2), (index % 3 - 1) * 24 * rng.uniform(0.5, 1.2)
        at = (lead[0] - behind * unit, lead[1] + aside * unit)
        birds.append(Sprite(colour=mood.palette.near, mask=mask, path=partial(_glide, at, 26 * unit)))
    return birds


def _glide(start: tuple[float, float], speed_px_s: float, time_s: float) -> tuple[float, float]:
    return start[0] + speed_px_s * time_s, start[1] + 5 * float(np.sin(time_s * 0.9 + start[0]))
