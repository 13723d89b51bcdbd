"""Three-step uploads over a real socket."""

from pathlib import Path

import pytest
from breaking_slack import Drop, DropAfter, Page, Refuse, breaking_slack

from bot.slack.failures import FilesRefused, OutcomeUnknown
from bot.slack.uploads import SlackFiles


async def test_bytes_arrive_whole_and_with_a_length(tmp_path: Path) -> None:
    path = tmp_path / "video.mp4"
    path.write_bytes(bytes(range(256)) * 5000)
    async with breaking_slack() as (slack, door):
        files = SlackFiles(door)
        grant = await files.grant(file_name="video.mp4", size_bytes=path.stat().st_size, alt_txt="a video")
        await files.send(grant, path)
        await files.complete(file_id=grant.file_id, title="t", slack_channel_id="C1", thread_ts="1.1", comment="<@U1>")
        [upload] = slack.shared
        assert (upload.received, upload.alt_txt, upload.comment) == (1_280_000, "a video", "<@U1>")
        seen = await files.look(grant.file_id)
        assert seen.is_in("C1")
        assert not seen.is_in("C2")


async def test_the_comment_travels_in_a_body_and_not_in_a_url(tmp_path: Path) -> None:
    async with breaking_slack() as (slack, door):
        files = SlackFiles(door)
        grant = await files.grant(file_name="a.jpg", size_bytes=3, alt_txt="")
        await files.send(grant, b"abc")
        await files.complete(file_id=grant.file_id, title="t", slack_channel_id="C1", comment="words")
        [told] = slack.named("files.completeUploadExternal")
        assert told["files"] == [{"id": grant.file_id, "title": "t"}]  # a list: it came as JSON


@pytest.mark.parametrize("fault", [Drop(), DropAfter(), Page(500), Page(302)], ids=["drop", "after", "500", "302"])
async def test_a_broken_upload_is_an_unknown_outcome(tmp_path: Path, fault: object) -> None:
    async with breaking_slack() as (slack, door):
        files = SlackFiles(door)
        grant = await files.grant(file_name="a.jpg", size_bytes=3, alt_txt="")
        slack.faults["upload"] = [fault]
        with pytest.raises(OutcomeUnknown):
            await files.send(grant, b"abc")


async def test_a_refusal_keeps_slacks_word() -> None:
    async with breaking_slack() as (slack, door):
        slack.faults["files.getUploadURLExternal"] = [Refuse("file_uploads_disabled")]
        with pytest.raises(FilesRefused) as refused:
            await SlackFiles(door).grant(file_name="a.mp4", size_bytes=3, alt_txt="")
        assert refused.value.code == "file_uploads_disabled"
