"""A mail server and who hears from us through it. What became of an e-mail is one of three things, never a guess."""

import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from email.message import EmailMessage
from email.utils import formatdate

import aiosmtplib
from aiosmtplib.errors import (
    SMTPAuthenticationError,
    SMTPException,
    SMTPResponseException,
)

from bot.mail.address import MailServer

TIMEOUT_S = 20.0


class MailNotSent(Exception):
    """Surely not sent. `again`: it may go through later."""

    def __init__(self, words: str, *, again: bool) -> None:
        super().__init__(words)
        self.words, self.again = words, again


class MailPerhapsSent(Exception):
    """The connection ended after everything was sent, before the server's word for it."""


class PostOffice:
    def __init__(
        self,
        *,
        server: MailServer,
        sender: str,
        recipients: Sequence[str],
        timeout_s: float = TIMEOUT_S,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """`tls`: whom to trust, where that is not what this machine trusts."""
        self._server = server
        self._sender = sender
        self._recipients = tuple(recipients)
        self._timeout_s = timeout_s
        self._tls = tls

    async def send(self, subject: str, text: str, *, message_id: str) -> None:
        """One e-mail to everybody. `message_id` is the same whenever this e-mail is sent, so that programs can tell.

        Raises:
            MailNotSent, MailPerhapsSent
        """
        letter, client = self._letter(subject, text, message_id), self._client()
        try:
            with _surely_not_sent():
                await client.connect()
                await client.mail(self._sender)
                await self._address(client)
            await _hand_over(client, letter)
        finally:
            client.close()

    async def check(self) -> None:
        """Whether the server lets us in; sends nothing.

        Raises:
            MailNotSent
        """
        client = self._client()
        try:
            with _surely_not_sent():
                await client.connect()
        finally:
            client.close()

    def _client(self) -> aiosmtplib.SMTP:
        return aiosmtplib.SMTP(
            hostname=self._server.host,
            port=self._server.port,
            timeout=self._timeout_s,
            use_tls=self._server.scheme == "smtps",
            start_tls=self._server.scheme == "smtp",
            tls_context=self._tls,
            username=self._server.user or None,
            password=self._server.password or None,
        )

    async def _address(self, client: aiosmtplib.SMTP) -> None:
        """One address that is refused must not silence the others."""
        refusals = []
        for each in self._recipients:
            try:
                await client.rcpt(each)
            except SMTPResponseException as refused:
                refusals.append(refused)
        if len(refusals) == len(self._recipients):
            raise refusals[0]

    def _letter(self, subject: str, text: str, message_id: str) -> EmailMessage:
        letter = EmailMessage()
        letter["From"] = self._sender
        letter["To"] = ", ".join(self._recipients)
        letter["Subject"] = " ".join(subject.split())
        letter["Date"] = formatdate()
        domain = self._sender.rpartition("@")[2]
        letter["Message-ID"] = f"<{message_id}@{domain}>"
        letter["Auto-Submitted"] = "auto-generated"
        letter.set_content(text)
        return letter


async def _hand_over(client: aiosmtplib.SMTP, letter: EmailMessage) -> None:
    """From here on only the server's own word says that it was not sent."""
    try:
        await client.data(letter.as_bytes())
    except SMTPResponseException as refused:
        raise _refusal(refused) from None
    except (SMTPException, OSError, TimeoutError) as error:
        raise MailPerhapsSent(type(error).__name__) from None


@contextmanager
def _surely_not_sent() -> Iterator[None]:
    """Everything before the text itself. The server's own words stay out: they may name the account."""
    try:
        yield
    except SMTPAuthenticationError as refused:
        raise MailNotSent(f"the mail server refuses the account ({refused.code})", again=False) from None
    except SMTPResponseException as refused:
        raise _refusal(refused) from None
    except ssl.SSLError as error:
        raise MailNotSent(f"no safe connection to the mail server ({type(error).__name__})", again=True) from None
    except (SMTPException, OSError, TimeoutError) as error:
        raise MailNotSent(f"the mail server cannot be reached ({type(error).__name__})", again=True) from None


def _refusal(refused: SMTPResponseException) -> MailNotSent:
    """4xx means later, 5xx never (RFC 5321, 4.2.1)."""
    return MailNotSent(f"the mail server refuses it ({refused.code})", again=400 <= refused.code < 500)
