"""What `doctor` says of the mail server: nothing is sent, and nothing of the password is shown."""

from mail_server import MailBox, a_mail_server
from pydantic import SecretStr

from bot.cli.doctor import Line, lines
from bot.clock import SystemClock
from bot.config import load


async def mail_line(url: str) -> Line:
    settings = load(
        SLACK_BOT_TOKEN="xoxb-1",
        SLACK_APP_TOKEN="xapp-1",
        SLACK_API_URL="http://127.0.0.1:9/api/",
        SORA_SMTP_URL=SecretStr(url),
        SORA_MAIL_FROM="sora@example.com",
        SORA_MAIL_TO="ops@example.com",
    )
    told = [line async for line in lines(settings, SystemClock())]
    assert "pa55word" not in repr(told)
    (line,) = [each for each in told if each.what.startswith("E-mail")]
    return line


async def test_a_server_that_lets_us_in_is_fine_and_gets_no_mail() -> None:
    box = MailBox()
    async with a_mail_server(box) as port:
        line = await mail_line(f"smtp+plain://127.0.0.1:{port}")
    assert (line.ok, line.what) == (True, "E-mail: the server lets us in; notices go to ops@example.com")
    assert box.letters == []


async def test_a_server_that_does_not_is_somebodys_to_mend_and_stops_nothing() -> None:
    async with a_mail_server(MailBox()) as port:
        line = await mail_line(f"smtp://me:pa55word@127.0.0.1:{port}")
    assert (line.ok, line.serious) == (False, False)
    assert "SORA_SMTP_URL" in line.mend
