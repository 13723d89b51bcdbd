"""Slack's own library judges the table of limits: whatever its models refuse, the local Slack refuses too."""

from collections.abc import Callable
from typing import Any

import pytest
from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block, Option, OptionGroup, PlainTextObject
from slack_sdk.models.blocks.blocks import (
    ActionsBlock,
    AlertBlock,
    CardBlock,
    ContainerBlock,
    ContextActionsBlock,
    ContextBlock,
    HeaderBlock,
    ImageBlock,
    InputBlock,
    MarkdownBlock,
    RichTextBlock,
    SectionBlock,
    TaskCardBlock,
)
from slack_sdk.models.views import View

from bot.demo.slack.blocks import check_message, check_view
from bot.demo.slack.refusals import Refusal

Json = dict[str, Any]


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def option(index: int = 0, **more: Any) -> Json:
    return {"text": plain(f"option {index}"), "value": f"v{index}", **more}


def options(count: int) -> list[Json]:
    return [option(index) for index in range(count)]


def button(**more: Any) -> Json:
    return {"type": "button", "text": plain("Go"), "action_id": "go", **more}


def buttons(count: int) -> list[Json]:
    return [button(action_id=f"go{index}") for index in range(count)]


def acting(**element: Any) -> Json:
    return {"type": "actions", "elements": [element]}


def image(**more: Any) -> Json:
    return {"type": "image", "image_url": "https://a.example/b.png", "alt_text": "b", **more}


def marked(count: int) -> Json:
    return {"type": "mrkdwn", "text": "x" * count}


def confirm(**more: Any) -> Json:
    told = {"title": plain("Sure?"), "text": marked(10), "confirm": plain("Yes"), "deny": plain("No")}
    return button(confirm=told | more)


# Each: a block at a limit, given how far over it (0: just inside, 1: one over). The SDK's figures.
AT_LIMIT: dict[str, Callable[[int], Json]] = {
    "section text": lambda over: {"type": "section", "text": marked(3000 + over)},
    "section fields": lambda over: {"type": "section", "fields": [marked(9)] * (10 + over)},
    "block id": lambda over: {"type": "divider", "block_id": "b" * (255 + over)},
    "header": lambda over: {"type": "header", "text": plain("h" * (150 + over))},
    "context elements": lambda over: {"type": "context", "elements": [marked(3)] * (10 + over)},
    "action elements": lambda over: {"type": "actions", "elements": buttons(25 + over)},
    "button text": lambda over: acting(**button(text=plain("t" * (75 + over)))),
    "button value": lambda over: acting(**button(value="v" * (2000 + over))),
    "button url": lambda over: acting(**button(url="https://a.example/".ljust(3000 + over, "u"))),
    "accessibility label": lambda over: acting(**button(accessibility_label="a" * (75 + over))),
    "action id": lambda over: acting(**button(action_id="a" * (255 + over))),
    "confirm title": lambda over: acting(**confirm(title=plain("t" * (100 + over)))),
    "confirm text": lambda over: acting(**confirm(text=marked(300 + over))),
    "confirm yes": lambda over: acting(**confirm(confirm=plain("y" * (30 + over)))),
    "confirm no": lambda over: acting(**confirm(deny=plain("n" * (30 + over)))),
    "alt text": lambda over: image(alt_text="a" * (2000 + over)),
    "image url": lambda over: image(image_url="https://a.example/".ljust(3000 + over, "u")),
    "image title": lambda over: image(title=plain("t" * (2000 + over))),
    "markdown": lambda over: {"type": "markdown", "text": "m" * (12_000 + over)},
    "select options": lambda over: acting(type="static_select", action_id="s", options=options(100 + over)),
    "option groups": lambda over: acting(
        type="static_select",
        action_id="s",
        option_groups=[{"label": plain(f"g{i}"), "options": [option(i)]} for i in range(100 + over)],
    ),
    "placeholder": lambda over: acting(
        type="static_select", action_id="s", options=[option()], placeholder=plain("p" * (150 + over))
    ),
    "overflow options": lambda over: acting(type="overflow", action_id="s", options=options(5 + over)),
    "input label": lambda over: {
        "type": "input",
        "label": plain("l" * (2000 + over)),
        "element": {"type": "plain_text_input", "action_id": "p"},
    },
    "input hint": lambda over: {
        "type": "input",
        "label": plain("l"),
        "hint": plain("h" * (2000 + over)),
        "element": {"type": "plain_text_input", "action_id": "p"},
    },
    "card title": lambda over: {"type": "card", "title": plain("t" * (150 + over))},
    "card subtitle": lambda over: {"type": "card", "title": plain("t"), "subtitle": plain("s" * (150 + over))},
    "card body": lambda over: {"type": "card", "body": plain("b" * (200 + over))},
    "carousel": lambda over: {"type": "carousel", "elements": [{"type": "card", "title": plain("t")}] * (10 + over)},
    "container children": lambda over: {
        "type": "container",
        "title": plain("t"),
        "child_blocks": [{"type": "divider"}] * (10 + over),
    },
    "context actions": lambda over: {
        "type": "context_actions",
        "elements": [
            {"type": "icon_button", "icon": "trash", "text": plain("x"), "action_id": f"i{i}"} for i in range(5 + over)
        ],
    },
}


def library_takes(block: Json) -> bool:
    parsed = Block.parse(block)
    assert parsed is not None
    return takes(parsed.to_dict)


def takes(make: Callable[[], Json]) -> bool:
    try:
        make()
    except SlackObjectFormationError:
        return False
    return True


def we_take(blocks: list[Json]) -> bool:
    try:
        check_message(blocks)
    except Refusal as no:
        return no.code != "invalid_blocks" or not no.more["response_metadata"]
    return True


@pytest.mark.parametrize("limit", AT_LIMIT)
def test_at_each_limit_of_the_library_we_agree(limit: str) -> None:
    inside, over = AT_LIMIT[limit](0), AT_LIMIT[limit](1)
    assert library_takes(inside)
    assert we_take([inside])
    assert not library_takes(over)
    assert not we_take([over])


def offering(**select: Any) -> list[Json]:
    return [acting(type="static_select", action_id="s", **select)]


@pytest.mark.parametrize(("over", "good"), [(0, True), (1, False)])
def test_at_the_limits_of_options_we_agree(over: int, good: bool) -> None:
    """The library looks at options that are models, and not at those that are dicts."""
    told = option(text=plain("o" * (75 + over)))
    assert takes(lambda: Option(**told).to_dict()) == we_take(offering(options=[told])) == good
    group = {"label": plain("g" * (75 + over)), "options": [option()]}
    library = takes(lambda: OptionGroup(label=PlainTextObject(**_bare(group["label"])), options=[]).to_dict())
    assert library == we_take(offering(option_groups=[group])) == good
    most = [option(index) for index in range(100 + over)]
    library = takes(lambda: OptionGroup(label="g", options=[Option(**each) for each in most]).to_dict())
    assert library == we_take(offering(option_groups=[{"label": plain("g"), "options": most}])) == good


def _bare(told: Json) -> Json:
    return {name: each for name, each in told.items() if name != "type"}


STRICTER = {
    "description of 76": offering(options=[option(description=plain("d" * 76))]),
    "51 blocks": [{"type": "divider"}] * 51,
    "unknown block": [{"type": "hologram"}],
    "unknown element": [acting(type="lever", action_id="x")],
    "field nobody knows": [{"type": "divider", "colour": "red"}],
    "no element": [{"type": "actions", "elements": []}],
    "empty text": [{"type": "section", "text": {"type": "mrkdwn", "text": ""}}],
    "button without text": [acting(type="button", action_id="x")],
    "mrkdwn on a button": [acting(**button(text=marked(3)))],
    "field of 2,001": [{"type": "section", "fields": [marked(2001)]}],
    "eleven checkboxes": [acting(type="checkboxes", action_id="c", options=options(11))],
    "eleven radio buttons": [acting(type="radio_buttons", action_id="c", options=options(11))],
    "option value of 76": [acting(type="static_select", action_id="s", options=[option() | {"value": "v" * 76}])],
    "the same value twice": [acting(type="static_select", action_id="s", options=[option(), option()])],
    "initial option not offered": [
        acting(type="static_select", action_id="s", options=[option(1)], initial_option=option(2))
    ],
    "options and groups": [
        acting(
            type="static_select",
            action_id="s",
            options=[option()],
            option_groups=[{"label": plain("g"), "options": [option(1)]}],
        )
    ],
    "same action twice in a block": [{"type": "actions", "elements": [button(), button()]}],
    "same block id twice": [{"type": "divider", "block_id": "d"}] * 2,
    "markdown over 12,000 in all": [{"type": "markdown", "text": "m" * 6001}] * 2,
    "text field in an actions block": [acting(type="plain_text_input", action_id="p")],
    "file field in a message": [
        {"type": "input", "label": plain("l"), "element": {"type": "file_input", "action_id": "f"}}
    ],
    "alert in a message": [{"type": "alert", "text": plain("hm")}],
    "image with neither url nor file": [{"type": "image", "alt_text": "a"}],
    "a video": [{"type": "video", "title": plain("v"), "video_url": "https://a.example", "alt_text": "v"}],
    "table of 101 rows": [{"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]] * 101}],
    "table of 21 columns": [{"type": "table", "rows": [[{"type": "raw_text", "text": "x"}] * 21]}],
    "broken rich text": [
        {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": ""}]}]}
    ],
}


@pytest.mark.parametrize("what", STRICTER)
def test_refuses_what_the_library_lets_through(what: str) -> None:
    assert not we_take(STRICTER[what])


def modal(**more: Any) -> Json:
    return {"type": "modal", "title": plain("Make a video"), "blocks": [{"type": "divider"}], **more}


FIELD = {
    "type": "input",
    "label": plain("Prompt"),
    "element": {"type": "plain_text_input", "action_id": "p", "max_length": 3000},
}

VIEWS: dict[str, Callable[[int], Json]] = {
    "title": lambda over: modal(title=plain("t" * (24 + over))),
    "submit": lambda over: modal(submit=plain("s" * (24 + over))),
    "close": lambda over: modal(close=plain("c" * (24 + over))),
    "private metadata": lambda over: modal(private_metadata="p" * (3000 + over)),
    "callback id": lambda over: modal(callback_id="c" * (255 + over)),
    "blocks": lambda over: modal(blocks=[{"type": "divider"}] * (100 + over)),
}


@pytest.mark.parametrize("limit", VIEWS)
def test_at_each_limit_of_a_view_we_agree_with_the_library(limit: str) -> None:
    for over, good in ((0, True), (1, False)):
        told = VIEWS[limit](over)
        library = takes(View(**told).to_dict)
        try:
            check_view(told, only="modal")
            ours = True
        except Refusal:
            ours = False
        assert (library, ours) == (good, good)


@pytest.mark.parametrize(
    ("told", "code"),
    [
        (modal(external_id="e" * 256), "invalid_arguments"),
        (modal(blocks=[FIELD]), "invalid_arguments"),  # an input block needs a submit button
        (
            modal(blocks=[{"type": "task_card", "task_id": "1", "title": "t", "status": "complete"}]),
            "invalid_arguments",
        ),
        (modal(title=None), "invalid_arguments"),
        (modal(colour="red"), "invalid_arguments"),
        (
            modal(blocks=[FIELD | {"element": FIELD["element"] | {"max_length": 3001}}], submit=plain("Go")),
            "invalid_arguments",
        ),
        (modal(blocks=[{"type": "section", "text": marked(2900)}] * 90), "view_too_large"),
        ({"type": "home", "blocks": []}, "invalid_arguments"),
    ],
)
def test_refuses_views_that_slack_refuses(told: Json, code: str) -> None:
    with pytest.raises(Refusal) as no:
        check_view(told, only="modal")
    assert no.value.code == code


def test_every_block_the_library_builds_is_known() -> None:
    built = [
        SectionBlock(text="hello", accessory=button()),
        ContextBlock(elements=[marked(3)]),
        ActionsBlock(elements=[button(visible_to_user_ids=["U1"], style="danger")]),
        HeaderBlock(text="h"),
        ImageBlock(slack_file={"id": "F1"}, alt_text="poster"),
        MarkdownBlock(text="m"),
        CardBlock(title="t"),
        ContainerBlock(title="t", child_blocks=[SectionBlock(text="x")]),
        TaskCardBlock(task_id="1", title="t", status="in_progress"),
        ContextActionsBlock(elements=[{
            "type": "feedback_buttons", "action_id": "f",
            "positive_button": {"text": plain("Good"), "value": "1"},
            "negative_button": {"text": plain("Bad"), "value": "0"},
        }]),
        RichTextBlock(elements=[{"type": "rich_text_quote", "elements": [{"type": "text", "text": "a <!channel>"}]}]),
    ]  # fmt: skip
    assert check_message([each.to_dict() for each in built])
    view = modal(
        blocks=[AlertBlock(text=plain("slow today"), level="warning").to_dict(), InputBlock(label="P", element={
            "type": "conversations_select", "action_id": "c", "default_to_current_conversation": True,
            "response_url_enabled": True, "filter": {"include": ["public", "im"], "exclude_bot_users": True},
        }).to_dict()],
        submit=plain("Go"),
    )  # fmt: skip
    assert check_view(view, only="modal")
