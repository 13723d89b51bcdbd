"""From what a person types to what a person sees, through the real bot over real sockets."""

from pathlib import Path

from demo.openai_document import judge_request
from town import a_town

from bot.demo.slack import RateLimited, Refuse


async def test_a_command_becomes_a_video_in_the_thread_under_one_card(tmp_path: Path) -> None:
    async with a_town(tmp_path) as town:
        answered = await town.sora("a corgi surfing at sunset --8s")
        assert (answered.acked, answered.said.ephemeral_to) == (True, "U0ADA00001")
        await town.until(lambda: any(each.file_ids for each in town.posts()))
        await town.until(lambda: any("Done" in each.text for each in town.posts()))
        seen = [each for each in town.posts() if not each.ephemeral_to]
        card, reply = seen
        assert (reply.thread_ts, [str(each) for each in reply.pings]) == (card.ts, ["@U0ADA00001"])
        assert card.pings == []
        film = town.slack.workspace.files[reply.file_ids[0]]
        assert film.name == "corgi-surfing-at-sunset-4s-1.mp4"
        assert len(town.videos.accepted) == 1
        quota = await town.sora("quota")
        assert "$4.20 left of $5.00" in quota.said.text


async def test_openais_own_document_accepts_what_the_bot_sends(tmp_path: Path) -> None:
    async with a_town(tmp_path) as town:
        await town.sora("two foxes dancing in the snow --vertical --12s")
        # 12 s cost more than a dollar: the price is shown and asks for one click.
        (asked,) = [each for each in town.posts() if each.ephemeral_to]
        await town.slack.click("ada", asked, "sora_confirm_price")
        await town.until(lambda: any(each.file_ids for each in town.posts()))
        judged = [
            problem
            for call in town.videos.calls
            for problem in judge_request(call.method, call.path, call.headers, call.body)
        ]
        assert (judged, len(town.videos.accepted)) == ([], 1)


async def test_the_same_envelope_twice_is_one_video(tmp_path: Path) -> None:
    async with a_town(tmp_path) as town:
        town.slack.sockets.repeat_next = 1
        await town.sora("one wave only")
        await town.until(lambda: any(each.file_ids for each in town.posts()))
        assert len(town.videos.accepted) == 1


async def test_where_the_bot_is_no_member_nothing_is_sent_and_only_the_requester_is_told(tmp_path: Path) -> None:
    async with a_town(tmp_path) as town:
        await town.sora("a lighthouse in the fog", channel="marketing")
        await town.until(lambda: any("charged" in each.text for each in _private(town)))
        assert town.videos.accepted == []
        told = _private(town)[-1]
        assert "Nothing was charged" in told.text
        assert told.ephemeral_to == "U0ADA00001"


async def test_storage_full_keeps_the_video_and_send_again_delivers_it_once(tmp_path: Path) -> None:
    async with a_town(tmp_path) as town:
        town.slack.faults.add("files.completeUploadExternal", Refuse("storage_limit_reached"), times=5)
        await town.sora("a paper boat in the rain")
        await town.until(lambda: any("storage" in each.text.lower() for each in town.posts()))
        told = next(each.text for each in town.posts() if "storage" in each.text.lower())
        words = ("is ready", "storage is full", "It cost $0.40", "I kept it", "Send again")
        assert [each for each in words if each not in told] == []
        town.slack.faults.clear()
        card = next(each for each in town.posts() if each.thread_ts is None and not each.ephemeral_to)
        await town.until(lambda: "sora_send_again" in str(card.blocks))
        await town.slack.click("ada", card, "sora_send_again")
        await town.until(lambda: any(each.file_ids for each in town.posts()))
        assert (len(town.videos.accepted), sum(bool(each.file_ids) for each in town.posts())) == (1, 1)


async def test_slack_too_busy_is_waited_for(tmp_path: Path) -> None:
    async with a_town(tmp_path) as town:
        town.slack.faults.add("chat.postMessage", RateLimited(retry_after_s=1), times=1)
        await town.sora("a slow morning")
        await town.until(lambda: any(each.file_ids for each in town.posts()))
        assert len([each for each in town.posts() if not each.ephemeral_to]) == 2


def _private(town: object) -> list:  # type: ignore[type-arg]
    return [each for each in town.posts("marketing") if each.ephemeral_to]  # type: ignore[attr-defined]
