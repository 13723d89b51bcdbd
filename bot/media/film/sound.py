"""A quiet bed of sound for a place: a slow chord and the noise of its air."""

import numpy as np
from numpy.typing import NDArray

from bot.media.film.mood import Mood, Place, Weather

RATE_HZ = 44_100
CHORDS = ((0, 7, 12, 16, 23), (0, 7, 12, 15, 22), (0, 5, 12, 17, 21), (0, 7, 14, 16, 21))
"""Semitones above the root: major seventh, minor seventh, suspended, ninth."""
FADE_S = 0.7


def ambience(mood: Mood, length_s: float) -> NDArray[np.float32]:
    """Stereo samples, (2, length), between -1 and 1, faded at both ends."""
    rng = np.random.default_rng(mood.seed)
    count = round(length_s * RATE_HZ)
    time_s = (np.arange(count) / RATE_HZ).astype(np.float32)
    bed = 0.55 * _chord(mood, time_s, rng) + _air(mood, time_s, rng)
    edge = np.minimum(time_s, time_s[-1] - time_s) / min(FADE_S, length_s / 3)
    bed *= np.clip(edge, 0, 1) ** 1.5
    return (bed / max(1.0, float(np.abs(bed).max()) / 0.5)).astype(np.float32)


def _chord(mood: Mood, time_s: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    root_hz = 110 * 2 ** ((mood.seed % 7 - 3) / 12)
    total = np.zeros((2, len(time_s)), np.float32)
    for step in CHORDS[mood.seed // 11 % len(CHORDS)]:
        breath = 0.6 + 0.4 * np.sin(time_s * rng.uniform(0.5, 1.1) + rng.uniform(0, 7))
        for side in range(2):
            pitch = root_hz * 2 ** (step / 12) * (1 + rng.uniform(-0.0016, 0.0016))
            total[side] += breath * np.sin(2 * np.pi * pitch * time_s) / (1 + step / 9)
    return total * np.float32(0.09)


def _air(mood: Mood, time_s: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Noise shaped by a falling spectrum: surf swells, rain hisses, a city hums, elsewhere wind."""
    if mood.weather is Weather.RAIN:
        slope, level, beat_s = 0.35, 0.16, 9.0
    elif mood.place is Place.SEA:
        slope, level, beat_s = 0.85, 0.30, 4.3
    elif mood.place in (Place.CITY, Place.SPACE, Place.STUDIO):
        slope, level, beat_s = 1.5, 0.12, 7.0
    else:
        slope, level, beat_s = 1.1, 0.16, 6.0
    count = len(time_s)
    tall = 1 << (count - 1).bit_length()  # a power of two: the transform of an odd length can be many times slower
    hertz = np.fft.rfftfreq(tall, 1 / RATE_HZ)
    shape = 1 / np.maximum(hertz, 60) ** slope
    sides = []
    for side in range(2):
        noise = np.fft.irfft(np.fft.rfft(rng.standard_normal(tall)) * shape)[:count]
        swell = 0.55 + 0.45 * np.sin(time_s * 2 * np.pi / beat_s + 0.7 * side)
        sides.append(noise / max(float(np.abs(noise).max()), 1e-9) * swell * level)
    return np.stack(sides).astype(np.float32)
