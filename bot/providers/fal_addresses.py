"""Where fal's calls go, and the rule that our key goes nowhere else."""

import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

import httpx

from bot.providers.errors import NotFound

APP_NAMESPACES: Final = frozenset({"workflows", "comfy"})
"""First parts of an endpoint id that stand before its owner (fal-client 1.0.3, `AppId`)."""


class FalAddresses:
    """`wire` is the catalogue's: `origins` that are fal's, `platform_url` and `keys_url`.

    A base URL of the operator's own (a proxy, a double) is the whole of fal: then no call leaves it for other hosts.
    """

    def __init__(self, base_url: httpx.URL, wire: Mapping[str, Any]) -> None:
        own = _origin(base_url)
        known = {_origin(httpx.URL(each)) for each in wire["origins"]}
        is_fal = own in known
        self._base_url = str(base_url).rstrip("/")
        self._trusted = known if is_fal else {own}
        self.pricing = f"{wire['platform_url'] if is_fal else own}/v1/models/pricing"
        self.billing = f"{wire['platform_url'] if is_fal else own}/v1/account/billing"
        self.keys = str(wire["keys_url"]) if is_fal else f"{own}/.well-known/jwks.json"

    def submit(self, wire_name: str) -> str:
        return f"{self._base_url}/{quote(wire_name)}"

    def kept(self, wire_name: str, request_id: str, answer: Mapping[str, Any]) -> str:
        """A render's three addresses as small JSON, for `RenderRef.poll_ref`.

        fal's own words, for they leave out parts of the model's name that differ between models; but whatever does not
        lie at a trusted origin is replaced by the address that fal-client makes from the id.
        """
        parts = wire_name.split("/")
        app = "/".join(parts[:3] if parts[0] in APP_NAMESPACES else parts[:2])
        render = f"{self._base_url}/{quote(app)}/requests/{quote(request_id, safe='')}"
        addresses = {"status": f"{render}/status", "response": render, "cancel": f"{render}/cancel"}
        for what in addresses:
            told = answer.get(f"{what}_url")
            if isinstance(told, str) and self._is_trusted(told):
                addresses[what] = told
        return json.dumps(addresses)

    def of(self, poll_ref: str, what: str) -> str:
        """One address of a render, checked again: the row may be older than a change of the base URL.

        Raises:
            NotFound: it is not one of ours, or leads to a service that is not configured any more.
        """
        try:
            url = json.loads(poll_ref)[what]
        except (ValueError, KeyError, TypeError):
            url = None
        if not isinstance(url, str) or not self._is_trusted(url):
            raise NotFound("this render is kept at an address that is not fal's")
        return url

    def _is_trusted(self, url: str) -> bool:
        try:
            return _origin(httpx.URL(url)) in self._trusted
        except httpx.InvalidURL:
            return False


def _origin(url: httpx.URL) -> str:
    """ "scheme://host:port" with the port said, so that two spellings of one place are one."""
    port = url.port or {"http": 80, "https": 443}.get(url.scheme)
    return f"{url.scheme}://{url.host}:{port}"
