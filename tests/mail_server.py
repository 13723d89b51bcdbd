"""A real SMTP server on this machine, and what lies in its box."""

from contextlib import asynccontextmanager
from email import message_from_bytes, policy

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult


class MailBox:
    """An SMTP server. `refusals`: answers to the next texts, in place of taking them; "drop" hangs up after one."""

    def __init__(self):
        self.letters = []
        self.recipients = []
        self.refusals = []
        self.refused = set()
        self.logins = []

    async def handle_RCPT(self, _server, _session, envelope, address, _options):
        if address in self.refused:
            return "550 no such person"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, _session, envelope):
        if self.refusals:
            answer = self.refusals.pop(0)
            if answer == "drop":
                self._keep(envelope)
                server.transport.abort()
                return "250 OK"
            return answer
        self._keep(envelope)
        return "250 OK"

    def _keep(self, envelope):
        self.letters.append(message_from_bytes(envelope.content, policy=policy.default))
        self.recipients.append(list(envelope.rcpt_tos))

    def login(self, _server, _session, _envelope, _mechanism, auth_data):
        self.logins.append((auth_data.login, auth_data.password))
        return AuthResult(success=auth_data.password == b"p@ss", handled=False)


class OwnPort(Controller):
    """On a port of the system's choice."""

    def _trigger_server(self):
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@asynccontextmanager
async def a_mail_server(box, **options):
    server = OwnPort(box, hostname="127.0.0.1", port=0, **options)
    server.start()
    try:
        yield server.port
    finally:
        server.stop()
