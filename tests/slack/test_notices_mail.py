"""The second road: a real mail server on this machine gets each e-mail once, whatever becomes of the connection."""

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import chosen_database
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from mail_server import MailBox, a_mail_server
from notice_desk import NoticeDesk, notice_desk

from bot.config import Settings, SettingsError, load
from bot.mail.address import MailAddressError, MailServer
from bot.mail.post import MailNotSent, MailPerhapsSent, PostOffice


def office(port, *, scheme="smtp+plain", account="", recipients=("ops@example.com",), tls=None):
    url = f"{scheme}://{account}127.0.0.1:{port}"
    sender = "sora@example.com"
    return PostOffice(server=MailServer.at(url), sender=sender, recipients=recipients, timeout_s=5, tls=tls)


@pytest.fixture
async def desk(tmp_path: Path):
    async with notice_desk(tmp_path, chosen_database.url_for(tmp_path / "sora.sqlite")) as opened:
        yield opened


async def looked(desk: NoticeDesk, *mails) -> None:
    """One look of each process."""
    for each in mails:
        await each.once()


async def test_an_incident_is_two_emails_from_two_processes_and_the_end_waits_until_it_lasts(desk: NoticeDesk) -> None:
    box = MailBox()
    async with a_mail_server(box) as port:
        first, second = desk.mails(office(port)), desk.mails(office(port))
        await desk.trouble(cause="unreachable")
        await looked(desk, first, second)
        await desk.clock.advance(600)
        await desk.over()
        await looked(desk, first, second)
        assert [each["Subject"] for each in box.letters] == ["fal is not used at the moment."]
        await desk.clock.advance(901)
        await looked(desk, second, first)
        assert [each["Subject"] for each in box.letters] == ["fal is not used at the moment.", "fal works again."]
        assert "It cannot be reached." in box.letters[0].get_content()
        assert (
            "It was out for 10 min. From 2026-11-21 09:00 UTC to 2026-11-21 09:10 UTC." in box.letters[1].get_content()
        )
        assert box.letters[0]["Auto-Submitted"] == "auto-generated"


async def test_admins_who_want_no_emails_get_none(desk: NoticeDesk) -> None:
    box = MailBox()
    async with a_mail_server(box) as port:
        await desk.choose(mail=False)
        await desk.trouble()
        await looked(desk, desk.mails(office(port)))
        assert box.letters == []


async def test_what_was_refused_for_now_is_sent_later_and_for_good_never(desk: NoticeDesk) -> None:
    box = MailBox()
    async with a_mail_server(box) as port:
        mails = desk.mails(office(port))
        box.refusals = ["451 later"]
        await desk.trouble()
        await looked(desk, mails)
        await looked(desk, mails)
        assert desk.alarms[0][1] | {"mail": ""} == {
            "mail": "",
            "why": "the mail server refuses it (451)",
            "again": True,
        }
        await desk.clock.advance(121)
        await looked(desk, mails)
        assert len(box.letters) == 1
        box.refusals = ["554 never"]
        await desk.trouble("runway")
        for _ in range(3):
            await looked(desk, mails)
            await desk.clock.advance(121)
        assert len(box.letters) == 1
        assert [name for name, _ in desk.alarms] == ["mail_not_sent"] * 2


async def test_an_email_whose_answer_is_lost_is_not_sent_again(desk: NoticeDesk) -> None:
    box = MailBox()
    async with a_mail_server(box) as port:
        box.refusals = ["drop"]
        mails = desk.mails(office(port))
        await desk.trouble()
        for _ in range(3):
            await looked(desk, mails)
            await desk.clock.advance(300)
        assert len(box.letters) == 1
        assert [name for name, _ in desk.alarms] == ["mail_perhaps_sent"]


async def test_a_server_that_is_away_is_asked_five_times_and_slack_is_told_all_the_same(desk: NoticeDesk) -> None:
    box = MailBox()
    async with a_mail_server(box) as port:
        pass
    mails = desk.mails(office(port))
    await desk.choose(status=["C0VIDEOS01"])
    await desk.trouble()
    for _ in range(8):
        await looked(desk, mails)
        await desk.clock.advance(121)
    assert [facts["again"] for _, facts in desk.alarms] == [True, True, True, True, False]
    await desk.writer().sweep()
    assert len(desk.posts()) == 1


async def test_one_address_that_is_refused_does_not_silence_the_others() -> None:
    box = MailBox()
    box.refused = {"gone@example.com"}
    async with a_mail_server(box) as port:
        await office(port, recipients=("gone@example.com", "ops@example.com")).send("S", "t", message_id="a")
        assert box.recipients == [["ops@example.com"]]
        with pytest.raises(MailNotSent) as refused:
            await office(port, recipients=("gone@example.com",)).send("S", "t", message_id="a")
        assert not refused.value.again


async def test_a_hang_up_after_the_text_is_perhaps_sent() -> None:
    box = MailBox()
    box.refusals = ["drop"]
    async with a_mail_server(box) as port:
        with pytest.raises(MailPerhapsSent):
            await office(port).send("S", "t", message_id="a")


async def test_a_password_goes_only_through_tls_and_a_wrong_one_is_not_tried_again(tmp_path: Path) -> None:
    box, (theirs, ours) = MailBox(), certificates(tmp_path)
    secured = {"tls_context": theirs, "require_starttls": True, "authenticator": box.login, "auth_required": True}
    async with a_mail_server(box, **secured) as port:
        right = office(port, scheme="smtp", account="me%40example.com:p%40ss@", tls=ours)
        await right.send("Subject", "text", message_id="a")
        assert box.logins == [(b"me@example.com", b"p@ss")]
        assert len(box.letters) == 1
        with pytest.raises(MailNotSent) as refused:
            await office(port, scheme="smtp", account="me:wrong@", tls=ours).send("S", "t", message_id="b")
        assert (refused.value.again, refused.value.words) == (False, "the mail server refuses the account (535)")


async def test_a_server_without_starttls_gets_nothing() -> None:
    box = MailBox()
    async with a_mail_server(box) as port:
        with pytest.raises(MailNotSent):
            await office(port, scheme="smtp", account="me:p%40ss@").send("S", "t", message_id="a")
    assert (box.letters, box.logins) == ([], [])


async def test_a_name_with_a_line_break_makes_no_header_of_its_own() -> None:
    box = MailBox()
    async with a_mail_server(box) as port:
        await office(port).send("Kling\r\nBcc: all@example.com is out.", "text", message_id="a")
    assert box.letters[0]["Subject"] == "Kling Bcc: all@example.com is out."
    assert box.letters[0]["Bcc"] is None


@pytest.mark.parametrize(
    "url", ["mail.example.com", "http://mail.example.com", "smtps://", "smtp+plain://me:pw@host", "smtps://h:port"]
)
def test_an_address_that_is_none_is_refused_in_words_without_it(url: str) -> None:
    with pytest.raises(MailAddressError) as refused:
        MailServer.at(url)
    assert "pw" not in str(refused.value)


def test_settings_for_emails_belong_together() -> None:
    slack = {
        "SLACK_BOT_TOKEN": "xoxb-1",
        "SLACK_APP_TOKEN": "xapp-1",
        "SORA_SMTP_URL": "smtps://me:pw@mail.example.com",
    }
    with pytest.raises(SettingsError, match="SORA_MAIL_FROM and SORA_MAIL_TO"):
        load(_env_file=None, **slack)
    whole = load(
        _env_file=None, **slack, SORA_MAIL_FROM="sora@example.com", SORA_MAIL_TO="a@example.com, b@example.com"
    )
    assert isinstance(whole, Settings)
    assert whole.mail_to == ("a@example.com", "b@example.com")
    assert "pw" not in repr(whole)


def certificates(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context for 127.0.0.1, and a client's that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "server.pem").write_bytes(pem + secret)
    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    theirs.load_cert_chain(folder / "server.pem")
    return theirs, ssl.create_default_context(cadata=pem.decode())
