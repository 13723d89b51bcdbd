"""Where a mail server is and how it is opened, from one line of the settings."""

from dataclasses import dataclass
from typing import Self
from urllib.parse import unquote, urlsplit

PORTS = {"smtps": 465, "smtp": 587, "smtp+plain": 25}


class MailAddressError(ValueError):
    """The server's address is not understood; in words that hold nothing of it."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class MailServer:
    host: str
    port: int
    scheme: str
    user: str = ""
    password: str = ""

    @classmethod
    def at(cls, url: str) -> Self:
        """From `smtps://user:password@host:465`; signs such as @ in user and password are written as %40.

        Raises:
            MailAddressError
        """
        try:
            parts = urlsplit(url)
            port, host = parts.port, parts.hostname or ""
        except ValueError:
            raise MailAddressError("is no address; write it as smtps://user:password@mail.example.com") from None
        if parts.scheme not in PORTS or not host or parts.path.strip("/") or parts.query:
            raise MailAddressError("must look like smtps://user:password@mail.example.com (or smtp:// for STARTTLS)")
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        if parts.scheme == "smtp+plain" and password:
            raise MailAddressError("smtp+plain:// would send the password where others can read it")
        return cls(host=host, port=port or PORTS[parts.scheme], scheme=parts.scheme, user=user, password=password)
