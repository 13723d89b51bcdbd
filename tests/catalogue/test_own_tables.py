"""`[models.NAME]` tables of sora.toml: what an operator adds or knows better."""

import re
import tomllib
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.catalogue.entries import ModelEntry
from bot.catalogue.loader import load_catalogue
from bot.catalogue.model import Audio, Billing, Catalogue, Model, ModelClass, Shape
from bot.catalogue.own_facts import written
from bot.catalogue.own_tables import OwnServices, with_own_tables
from bot.catalogue.problems import CatalogueError

PACKAGED = load_catalogue()
SERVICES = OwnServices(
    accounts={"fal": "fal", "runway": "runway", "gemini": "gemini_omni", "luma": "luma", "kling": "kling"},
    servers={"videos": "openai_videos/relay", "studio": "openai_videos/vllm_omni"},
)


def laid_over(toml: str) -> Catalogue:
    return with_own_tables(PACKAGED, tomllib.loads(toml).get("models", {}), SERVICES)


def model_of(catalogue: Catalogue, name: str, protocol: str) -> Model:
    (found,) = [each for each in catalogue.models if (each.name, each.protocol) == (name, protocol)]
    return found


def problems_of(toml: str) -> tuple[str, ...]:
    with pytest.raises(CatalogueError) as caught:
        laid_over(toml)
    return caught.value.problems


@pytest.mark.parametrize("model", PACKAGED.models, ids=lambda each: f"{each.protocol} {each.name}")
def test_every_model_can_be_written_as_a_table_and_read_back(model: Model) -> None:
    assert ModelEntry.model_validate(written(model)).model(model.name) == model


def test_a_fact_that_is_overridden_leaves_the_others_and_says_so() -> None:
    told = laid_over(
        '[models."seedance-2.0"]\nservice = "fal"\nlengths_s = [5, 10]\naliases = ["dance"]\ntypical_s = 60'
    )
    before, after = model_of(PACKAGED, "seedance-2.0", "fal"), model_of(told, "seedance-2.0", "fal")
    assert (after.lengths_s, after.aliases, after.typical_s, after.slow_s) == ((5, 10), ("dance",), 60, 180)
    assert (after.price, after.sizes_px, after.wire) == (before.price, before.sizes_px, before.wire)
    assert after.own == ("aliases", "lengths_s", "typical_s")
    assert after.source.startswith("sora.toml for aliases, lengths_s, typical_s; else ")
    assert after.as_of == before.as_of
    assert model_of(told, "seedance-2.0", "runway") == model_of(PACKAGED, "seedance-2.0", "runway")
    assert told.version != PACKAGED.version


def test_one_resolutions_price_leaves_the_others() -> None:
    told = laid_over('[models."seedance-2.0"]\nservice = "fal"\nprice = { 720p = "0.25/s" }')
    before, after = model_of(PACKAGED, "seedance-2.0", "fal"), model_of(told, "seedance-2.0", "fal")
    assert after.price.usd_micros == {"720p": 250_000, "1080p": before.price.usd_micros["1080p"]}


def test_a_price_with_a_first_day_leaves_the_old_one_until_then() -> None:
    told = laid_over('[models."kling-3.0-turbo"]\nprice = { 720p = "0.20/s", 1080p = "0.30/s", since = 2026-12-01 }')
    model = model_of(told, "kling-3.0-turbo", "kling")
    eve, day = datetime(2026, 11, 30, 23, 59, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
    assert model.at(eve).price.of(length_s=5, resolution="720p") == 560_000
    assert model.at(day).price.of(length_s=5, resolution="720p") == 1_000_000


def test_a_new_model_is_like_one_that_is_known() -> None:
    told = laid_over(
        '[models."gemini-omni-1.2-flash"]\nservice = "gemini"\nlike = "gemini-omni-1.1-flash"\n'
        'price = { 360p = "0.04/s", 720p = "0.07/s", 1080p = "0.12/s", 2160p = "0.30/s" }'
    )
    old = model_of(told, "gemini-omni-1.1-flash", "gemini_omni")
    new = model_of(told, "gemini-omni-1.2-flash", "gemini_omni")
    assert (new.wire_name, new.picture_wire_name) == ("gemini-omni-1.2-flash", "gemini-omni-1.2-flash")
    assert (new.sizes_px, new.wire, new.lengths_s[-1]) == (old.sizes_px, old.wire, 15)  # 15 s: known of it alone
    assert new.price.of(length_s=8, resolution="720p") == 560_000
    assert (new.own, new.source, new.as_of) == (("model",), "sora.toml", None)


def test_a_new_model_of_which_nothing_is_known_is_said_whole() -> None:
    told = laid_over(
        '[models.ray-9]\nservice = "luma"\nprice = "0.30/clip"\nclass = "best"\nlengths_s = [5, 10]\n'
        'sizes = { wide = { 720p = "1280x720" } }\naudio = "never"\nretires_at = 2027-01-31'
    )
    model = model_of(told, "ray-9", "luma")
    assert (model.model_class, model.audio, model.wire_name) == (ModelClass.PRO, Audio.NEVER, "ray-9")
    assert model.price.billing is Billing.PER_CLIP
    assert model.retires_at == datetime(2027, 1, 31, tzinfo=UTC)


def test_a_server_of_ones_own_has_what_its_tables_name_and_no_retirement_of_somebody_else() -> None:
    told = laid_over(
        '[models.sora-2]\nservice = "videos"\nprice = "0.10/s"\n'
        '[models.my-wan]\nservice = "studio"\nprice = "free"\nlengths_s = [3]'
    )
    (sora,), (wan,) = told.of_servers["videos"], told.of_servers["studio"]
    assert (sora.retires_at, sora.protocol, sora.lengths_s) == (None, "openai_videos/relay", (4, 8, 12))
    assert (wan.lengths_s, wan.seed, wan.price.billing) == ((3,), True, Billing.FREE)
    assert (Shape.VERTICAL, "720p") in wan.sizes_px
    assert told.models == PACKAGED.models


def test_the_same_name_may_be_told_of_two_services() -> None:
    told = laid_over(
        '[models.a]\nname = "seedance-2.0"\nservice = "fal"\ntypical_s = 50\n'
        '[models.b]\nname = "seedance-2.0"\nservice = "runway"\ntypical_s = 70'
    )
    assert [model_of(told, "seedance-2.0", each).typical_s for each in ("fal", "runway")] == [50, 70]


def test_a_retirement_can_be_taken_back() -> None:
    assert model_of(PACKAGED, "sora-2", "openai_videos/openai").retires_at is not None
    services = OwnServices(accounts={"openai": "openai_videos/openai"})
    told = with_own_tables(PACKAGED, {"sora-2": {"retires_at": "never"}}, services)
    assert model_of(told, "sora-2", "openai_videos/openai").retires_at is None


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ('[models.x]\nprice = "1/s"', 'say which service makes it: service = "fal" (there are '),
        ('[models."seedance-2.0"]\nseed = true', 'several services have seedance-2.0; say which: service = "fal"'),
        ('[models.x]\nservice = "fall"', 'there is no service "fall" here. Did you mean fal? There are fal, '),
        ('[models.x]\nservice = "videos"', "it has no price, so it cannot be used; give it one: price = "),
        ('[models."minimax/h3"]\nservice = "videos"', "it has no price, so it cannot be used; give it one: price = "),
        ('[models.x]\nservice = "videos"\nprice = "cheap"', '"cheap" needs what it is for: cheap/s for a second'),
        ('[models.x]\nservice = "videos"\nprice = 0.1', "price: 0.1 is no price; write price = "),
        ('[models.x]\nservice = "videos"\nprice = "0/s"', "what costs nothing is called free"),
        ('[models.x]\nservice = "videos"\nprice = { 720p = "1/s", 480p = "1/clip" }', "one model is billed in one way"),
        ('[models.x]\nservice = "videos"\nprice = { 1080p = "1/s" }', "no price for 720p; give it one"),
        ('[models.x]\nservice = "videos"\nprice = { billing = "per_second" }', "price: give it one"),
        ('[models.x]\nservice = "luma"\nprice = "1/s"', "lengths_s: nothing is known of it, so it must be said"),
        ('[models.x]\nservice = "fal"\nlike = "y"\nprice = "1/s"', 'fal has no model "y" in the catalogue. It has '),
        ('[models.x]\nservice = "videos"\nprice = "1/s"\nclass = "good"', "write one of fast, pro"),
        ('[models.x]\nservice = "videos"\nprice = "1/s"\naudio = "loud"', "write one of always, never, switch"),
        ('[models.x]\nservice = "videos"\nprice = "1/s"\nlengths_s = [8, 4]', "lengths must ascend"),
        ('[models.x]\nservice = "videos"\nprice = "1/s"\nlengths_s = "8"', "write lengths_s = [4, 8, 12]"),
        ('[models.x]\nservice = "videos"\nprice = "1/s"\nprompt_limit = 0', "write prompt_limit = 2000"),
        ('[models.x]\nservice = "videos"\nprice = "1/s"\nretires_at = "soon"', "write retires_at = 2027-01-31, or"),
        ('[models.x]\nservice = "videos"\nprice = "1/s"\nlenghts_s = [8]', "unknown; did you mean lengths_s?"),
        ('[models.wan-2.7]\nservice = "videos"\nprice = "1/s"', "a name with a dot stands in quotes"),
        ('[models]\nx = "1/s"', "must be a table"),
        ('[models.h3-max]\nservice = "fal"\nprice = "0.1/s"', "so each needs its own: price = { 720p = "),
        ('[models.h3-max]\nservice = "fal"\naliases = ["seedance-2.0"]', "belongs to "),
    ],
)  # fmt: skip
def test_a_mistake_is_said_with_its_table_and_with_what_would_do(toml: str, words: str) -> None:
    problems = problems_of(toml)
    assert any(words in each for each in problems), problems
    assert all(each.startswith(('sora.toml: [models."', "catalogue: ")) for each in problems)


def test_all_mistakes_of_all_tables_are_said_together() -> None:
    told = problems_of(
        '[models.a]\nservice = "videos"\nprice = "1/s"\nclass = "x"\naudio = "y"\ncolour = "red"\n'
        '[models.b]\nservice = "videos"\n[models.c]\nservice = "nobody"'
    )
    assert [sum(f'[models."{name}"]' in each for each in told) for name in "abc"] == [3, 1, 1]


def test_the_example_of_the_documentation_is_understood() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    (example,) = [each for each in re.findall(r"```toml\n(.*?)```", readme, flags=re.DOTALL) if "[models." in each]
    told = laid_over(example)
    assert model_of(told, "gemini-omni-1.2-flash", "gemini_omni").price.of(length_s=5, resolution="720p") == 350_000
    dance = model_of(told, "seedance-2.0", "fal").at(datetime(2026, 12, 2, tzinfo=UTC))
    assert dance.price.usd_micros == {"720p": 280_000, "1080p": 682_000}


def test_no_tables_are_no_change() -> None:
    assert laid_over("") is PACKAGED


def test_anything_that_toml_can_say_is_answered_in_words() -> None:
    odd: list[Any] = [1, -1, 1.5, True, "", "x", [], [1], {}, {"a": 1}, datetime(2026, 1, 1)]
    keys = (*ModelEntry.model_fields, "class", "service", "like", "name", "zebra")
    for key in keys:
        for value in odd:
            table = {"service": "videos", "price": "1/s", key: value}
            with suppress(CatalogueError):
                with_own_tables(PACKAGED, {"x": table}, SERVICES)
