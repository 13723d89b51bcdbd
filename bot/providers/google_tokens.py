"""Access tokens for Google Cloud from a service account's key: one signed assertion an hour, nothing kept on disk.

The two-legged flow of RFC 7523 as Google documents it; google-auth 2.62.2 (its jwt module) is the judge in the tests.
The library itself is not used here: each of its refreshes blocks a thread.
"""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from bot.clock import Clock
from bot.providers.answers import Call, tidy
from bot.providers.errors import AuthFailed
from bot.providers.transport import error_of, exchange

SCOPE: Final = "https://www.googleapis.com/auth/cloud-platform"
GRANTED_AT: Final = "https://oauth2.googleapis.com/token"
GRANT_TYPE: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ASSERTION_LIVES_S: Final = 3600
RENEWED_BEFORE_S: Final = 120
"""A token is not used to its last second: a submit with a picture may be on its way for half a minute."""
TIMEOUT_S: Final = 10.0


class ServiceAccountTokens:
    """Bearer tokens of one service account; the one that is good is kept in memory.

    `client` is any client of ours without a key in its headers. `account` is the JSON key that Google gives out.
    """

    def __init__(self, client: httpx.AsyncClient, account: Mapping[str, Any], clock: Clock) -> None:
        """Take the key apart.

        Raises:
            ValueError: it is no service account's key; said without its text.
        """
        self._client, self._clock = client, clock
        self._token, self._good_until = "", clock.now()
        self._renewing = asyncio.Lock()
        try:
            self._email, self._key_id = str(account["client_email"]), str(account.get("private_key_id", ""))
            key = load_pem_private_key(str(account["private_key"]).encode(), password=None)
        except (KeyError, ValueError, TypeError):
            raise ValueError("this is not the JSON key of a service account") from None
        if not isinstance(key, RSAPrivateKey):
            raise ValueError("the service account's key is not an RSA key")
        self._key = key
        self._token_uri = str(account.get("token_uri") or GRANTED_AT)

    async def bearer(self) -> str:
        """A token that is good for the next minutes.

        Raises:
            ProviderError: Google gives none; never OutcomeUnknown, for nothing was ordered yet.
        """
        async with self._renewing:
            if self._clock.now() >= self._good_until:
                await self._renew()
            return self._token

    async def _renew(self) -> None:
        now = self._clock.now()
        answer = await exchange(
            self._client,
            Call.CHECK,
            "POST",
            self._token_uri,
            data={"grant_type": GRANT_TYPE, "assertion": self._assertion(now)},
            timeout_s=TIMEOUT_S,
        )
        told = answer.fields
        token, lives_s = told.get("access_token"), told.get("expires_in")
        if answer.is_success and isinstance(token, str) and token and isinstance(lives_s, int):
            self._token, self._good_until = token, now + timedelta(seconds=lives_s - RENEWED_BEFORE_S)
            return
        code, words = str(told.get("error") or ""), str(told.get("error_description") or "no token came")
        if answer.status in {400, 401, 403}:
            raise AuthFailed(
                f"Google refuses the service account: {tidy(words)}", code=tidy(code)[:100], http_status=answer.status
            )
        raise error_of(answer, call=Call.CHECK, code=code, message=words)

    def _assertion(self, now: datetime) -> str:
        issued = int(now.timestamp())
        claims = {
            "iss": self._email,
            "scope": SCOPE,
            "aud": GRANTED_AT,  # As google-auth has it, wherever the key says that the token is asked for.
            "iat": issued,
            "exp": issued + ASSERTION_LIVES_S,
        }
        return jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": self._key_id})
