"""A prompt's words turned into a look: palette, place, weather, camera. The same prompt always looks the same."""

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

Rgb = tuple[int, int, int]
T = TypeVar("T")


class Place(StrEnum):
    SEA = "sea"
    HILLS = "hills"
    FOREST = "forest"
    CITY = "city"
    DUNES = "dunes"
    SPACE = "space"
    STUDIO = "studio"


class Weather(StrEnum):
    CLEAR = "clear"
    RAIN = "rain"
    SNOW = "snow"
    SPARKS = "sparks"


class Move(StrEnum):
    PAN_RIGHT = "pan right"
    PAN_LEFT = "pan left"
    PUSH_IN = "push in"
    PULL_OUT = "pull out"
    TILT_UP = "tilt up"
    TILT_DOWN = "tilt down"
    AERIAL = "aerial"
    STILL = "still"


@dataclass(frozen=True, slots=True, kw_only=True)
class Palette:
    """Colours of one light. The sky runs top, middle, low; the ground from `far` (haze) to `near` (silhouette)."""

    top: Rgb
    middle: Rgb
    low: Rgb
    light: Rgb
    far: Rgb
    near: Rgb
    accent: Rgb
    stars: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Mood:
    seed: int
    palette: Palette
    place: Place
    weather: Weather
    move: Move


SUNSET = Palette(
    top=(36, 30, 86), middle=(188, 72, 104), low=(255, 176, 104), light=(255, 228, 168), far=(126, 62, 104),
    near=(24, 14, 40), accent=(255, 190, 110),
)  # fmt: skip
DAWN = Palette(
    top=(78, 116, 176), middle=(226, 164, 172), low=(255, 222, 188), light=(255, 246, 222), far=(158, 136, 172),
    near=(38, 42, 76), accent=(255, 206, 170),
)  # fmt: skip
DAY = Palette(
    top=(20, 88, 168), middle=(88, 166, 218), low=(204, 234, 242), light=(255, 250, 228), far=(92, 152, 190),
    near=(8, 44, 82), accent=(255, 214, 120),
)  # fmt: skip
NIGHT = Palette(
    top=(5, 9, 28), middle=(16, 30, 72), low=(58, 84, 136), light=(226, 234, 255), far=(34, 52, 96),
    near=(4, 7, 18), accent=(150, 190, 255), stars=True,
)  # fmt: skip
LEAF = Palette(
    top=(96, 146, 142), middle=(168, 200, 168), low=(240, 240, 202), light=(255, 252, 220), far=(120, 158, 126),
    near=(12, 38, 28), accent=(226, 238, 150),
)  # fmt: skip
SAND = Palette(
    top=(58, 128, 178), middle=(204, 190, 166), low=(252, 224, 172), light=(255, 246, 214), far=(222, 164, 108),
    near=(108, 52, 28), accent=(255, 196, 110),
)  # fmt: skip
ICE = Palette(
    top=(104, 138, 182), middle=(178, 202, 226), low=(236, 242, 250), light=(255, 255, 250), far=(168, 190, 216),
    near=(48, 70, 104), accent=(170, 220, 255),
)  # fmt: skip
NEON = Palette(
    top=(14, 8, 44), middle=(84, 20, 110), low=(232, 64, 142), light=(255, 150, 200), far=(70, 26, 104),
    near=(10, 6, 28), accent=(84, 232, 242),
)  # fmt: skip
STORM = Palette(
    top=(34, 42, 54), middle=(78, 92, 106), low=(158, 170, 174), light=(220, 228, 230), far=(92, 106, 118),
    near=(16, 22, 30), accent=(180, 214, 226),
)  # fmt: skip
COSMOS = Palette(
    top=(4, 4, 16), middle=(22, 14, 54), low=(84, 40, 112), light=(255, 214, 190), far=(96, 60, 130),
    near=(10, 8, 26), accent=(198, 160, 255), stars=True,
)  # fmt: skip
PAPER = Palette(
    top=(74, 66, 70), middle=(150, 132, 124), low=(226, 206, 188), light=(255, 246, 232), far=(196, 172, 154),
    near=(84, 68, 64), accent=(255, 214, 170),
)  # fmt: skip

LIGHTS: tuple[tuple[str, Palette], ...] = (
    ("neon cyberpunk synthwave futuristic club disco retro", NEON),
    ("sunset dusk golden evening sundown twilight", SUNSET),
    ("dawn sunrise morning pastel spring blossom", DAWN),
    ("night midnight moon moonlight moonlit starry stars aurora dark", NIGHT),
    ("storm stormy rain rainy thunder fog foggy mist grey gray noir cloudy", STORM),
    ("snow snowy winter ice icy frozen glacier arctic christmas", ICE),
    ("space galaxy planet cosmos cosmic nebula astronaut spaceship rocket orbit", COSMOS),
    ("forest jungle woods tree trees garden meadow moss leaf leaves green park", LEAF),
    ("desert dune dunes sand canyon savanna safari mars", SAND),
    ("product studio bottle shoe sneaker watch perfume coffee cup phone packshot cosmetics logo portrait", PAPER),
    ("ocean sea beach wave waves surf surfing sky day sunny summer water lake river blue", DAY),
)
PLACES: tuple[tuple[str, Place], ...] = (
    ("ocean sea beach wave waves surf surfing surfer boat sail ship island whale lake water harbour", Place.SEA),
    ("space galaxy planet cosmos cosmic nebula astronaut spaceship rocket orbit", Place.SPACE),
    ("city street tokyo york skyline urban building buildings downtown car taxi rooftop neon cyberpunk", Place.CITY),
    ("forest jungle woods tree trees pine park garden deer bear fox wolf", Place.FOREST),
    ("desert dune dunes sand canyon camel mars savanna safari", Place.DUNES),
    ("product studio bottle shoe sneaker watch perfume coffee cup phone packshot cosmetics logo", Place.STUDIO),
    ("mountain mountains hill hills valley alps field meadow village", Place.HILLS),
)
WEATHERS: tuple[tuple[str, Weather], ...] = (
    ("rain rainy storm stormy thunder drizzle", Weather.RAIN),
    ("snow snowy snowing blizzard winter christmas", Weather.SNOW),
    ("fire campfire embers firefly fireflies magic lantern lanterns dust party", Weather.SPARKS),
)
MOVES: tuple[tuple[str, Move], ...] = (
    ("aerial drone flyover bird's-eye overhead", Move.AERIAL),
    ("pan-left leftward leftwards", Move.PAN_LEFT),
    ("pan panning tracking track follow following dolly-right rightward", Move.PAN_RIGHT),
    ("zoom-out pull-out pullback reveal wide", Move.PULL_OUT),
    ("zoom push push-in close-up closeup macro dolly", Move.PUSH_IN),
    ("tilt-down descend descending falling", Move.TILT_DOWN),
    ("tilt crane rise rising ascend", Move.TILT_UP),
    ("static still locked tripod", Move.STILL),
)
PHRASES = {
    "zoom out": "zoom-out", "zooms out": "zoom-out", "zooming out": "zoom-out", "pull out": "pull-out",
    "pull back": "pullback", "pan left": "pan-left", "pans left": "pan-left", "tilt down": "tilt-down",
    "tilts down": "tilt-down", "close up": "close-up", "golden hour": "golden",
    "日落": " sunset ", "夕阳": " sunset ", "黄昏": " dusk ", "日出": " sunrise ", "夜": " night ", "霓虹": " neon ",
    "雨": " rain ", "雪": " snow ", "太空": " space ", "宇宙": " space ", "森林": " forest ", "沙漠": " desert ",
    "海": " sea ", "湖": " lake ", "城市": " city ", "街": " street ", "山": " mountain ", "产品": " product ",
    "航拍": " aerial ", "推近": " push ", "拉远": " pullback ",
}  # fmt: skip
"""Turns of speech, and the commonest words of a script that is not divided into words, told as words of the tables."""
UNSAID_LIGHTS = (SUNSET, DAWN, DAY, NIGHT, LEAF)
UNSAID_MOVES = (Move.PAN_RIGHT, Move.PUSH_IN, Move.PAN_LEFT, Move.PULL_OUT)


def read_mood(prompt: str) -> Mood:
    """Choose a look by the prompt's own words; whatever they leave open is chosen by its hash."""
    seed = int.from_bytes(hashlib.sha256(prompt.encode()).digest()[:6], "big")
    words = _words(prompt)
    place = _match(words, PLACES)
    palette = _match(words, LIGHTS)
    return Mood(
        seed=seed,
        palette=palette or UNSAID_LIGHTS[seed % len(UNSAID_LIGHTS)],
        place=place or Place.HILLS,
        weather=_match(words, WEATHERS) or Weather.CLEAR,
        move=_match(words, MOVES) or UNSAID_MOVES[seed // 7 % len(UNSAID_MOVES)],
    )


def _words(prompt: str) -> frozenset[str]:
    text = prompt.lower()
    for phrase, word in PHRASES.items():
        text = text.replace(phrase, word)
    found = set(re.findall(r"[a-z][a-z'-]*", text))
    stems = {stem for word in found for stem in (word.removesuffix("s"), word.removesuffix("ing"))}
    return frozenset(found | stems)


def _match(words: frozenset[str], table: tuple[tuple[str, T], ...]) -> T | None:
    """The first row that shares a word: rows stand in order of how much they decide."""
    return next((chosen for row, chosen in table if words & set(row.split())), None)
