"""A server that tells over TLS which release is the newest, or anything else that it is told to answer."""

import contextlib
import json
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from tests.models.hub_server import HUB_HOST, Hub, HubHandler, serving

PATH = "/releases/latest"


def told(tag_name: object, **others: object) -> bytes:
    """What a forge answers."""
    return json.dumps({"tag_name": tag_name, "draft": False, "body": "New: ünder the lamp.", **others}).encode()


class ReleaseServer:
    """`answers` come in turn, the last again and again: (status, headers, body) each."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self.answers: list[tuple[int, dict[str, str], bytes]] = [(200, {}, told("v0.2.0"))]
        hub.hub_fault = self._answer

    @property
    def url(self) -> str:
        return self._hub.url + PATH

    @property
    def requests(self) -> list[tuple[str, dict[str, str]]]:
        """Path and headers of each."""
        return [(path, headers) for _, path, headers in self._hub.requests]

    def answer(self, body: bytes, status: int = 200, **headers: str) -> None:
        self.answers = [(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)]

    def _answer(self, handler: HubHandler, path: str) -> bool:
        status, headers, body = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        handler.reply(status, {"content-type": "application/json"} | headers, body)
        return True


@contextlib.contextmanager
def release_server(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str = HUB_HOST) -> Iterator[ReleaseServer]:
    """folder -- for the certificate of the authority that is trusted meanwhile; name -- that of the server's own"""
    for variable in ("https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(variable, raising=False)
        monkeypatch.delenv(variable.upper(), raising=False)
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    trusted = folder / "authority.pem"
    authority.cert_pem.write_to_path(trusted)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    hub = Hub()
    running = serving(hub, context)
    next(running)
    try:
        yield ReleaseServer(hub)
    finally:
        next(running, None)
