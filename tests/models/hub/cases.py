"""What the tests of the hub share: the model it serves, and ways to misbehave."""

import contextlib
import hashlib
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.models.hub_server import Hub, HubBlob, HubFault, HubHandler
from writer.models.catalog import HubFile, HubSource
from writer.models.download import DownloadProgress, HubSettings, fetch_hub
from writer.models.download.requests import Limits

REPOSITORY = "openai-community/tiny"
REVISION = "0123456789" * 4
WEIGHTS = "model.safetensors"
CONTENT = bytes(range(256)) * 12_000  # 3 MB
CONFIG = b'{"model_type": "gpt2"}'
SOURCE = HubSource(REPOSITORY, REVISION, (HubFile("config.json"), HubFile(WEIGHTS)))
PINNED = HubSource(
    REPOSITORY,
    REVISION,
    (HubFile("config.json"), HubFile(WEIGHTS, len(CONTENT), hashlib.sha256(CONTENT).hexdigest())),
)
PATIENCE_S = 40.0  # on a machine that is busy otherwise
HURRIED = Limits(answer_s=0.6, stall_s=0.6, slow_s=0.8, slow_bytes_per_s=1024, backoff_s=0.01, longest_wait_s=0.3)

Script = Callable[[HubHandler, HubBlob, int], bool]
"""How the content network answers a request for the weights that begins at a place; False for the good answer."""


def names_in(folder: Path) -> set[str]:
    """Without Writer's own notes, whose names begin with a dot."""
    return {path.name for path in folder.iterdir() if not path.name.startswith(".")}


def fetched(source: HubSource, folder: Path, settings: HubSettings) -> list[DownloadProgress]:
    """Every event of a download, which may not last for ever."""
    began, events = time.monotonic(), []
    for event in fetch_hub(source, folder, settings):
        assert time.monotonic() - began < PATIENCE_S, "it never ends"
        events.append(event)
    return events


def check_arrived(folder: Path) -> None:
    assert names_in(folder) == {"config.json", WEIGHTS}
    assert (folder / WEIGHTS).read_bytes() == CONTENT


def check_nothing_final(folder: Path) -> None:
    assert not (folder / WEIGHTS).exists()


def downloading_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "download"]


def sent_share(hub: Hub) -> float:
    """How often the weights have gone over the line."""
    return hub.sent_bytes[WEIGHTS] / len(CONTENT)


# -- what the content network does ---------------------------------------------------------------------------------


def first_times(n: int, script: Script) -> Script:
    """`script` for the first n requests, a good answer afterwards."""
    return in_turn(*[script] * n)


def in_turn(*scripts: Script) -> Script:
    """One script for each request, a good answer afterwards."""
    left = list(scripts)

    def fault(handler: HubHandler, blob: HubBlob, begin: int) -> bool:
        return bool(left) and left.pop(0)(handler, blob, begin)

    return fault


def broken_after(n_bytes: int, headers: dict[str, str] | None = None) -> Script:
    def fault(handler: HubHandler, blob: HubBlob, begin: int) -> bool:
        handler.send_blob(blob, begin, blob.size, n_body=min(n_bytes, blob.size - begin), headers=headers)
        handler.break_off()
        return True

    return fault


def reset_after(n_bytes: int) -> Script:
    def fault(handler: HubHandler, blob: HubBlob, begin: int) -> bool:
        handler.send_blob(blob, begin, blob.size, n_body=min(n_bytes, blob.size - begin))
        handler.reset()
        return True

    return fault


def answering(status: int, headers: dict[str, str] | None = None, body: bytes = b"") -> Script:
    def fault(handler: HubHandler, blob: HubBlob, begin: int) -> bool:
        handler.reply(status, headers or {}, body)
        return True

    return fault


def wrong_range(value: str) -> Script:
    """The rest, said to be another part. Nothing is wrong with a whole file."""

    def fault(handler: HubHandler, blob: HubBlob, begin: int) -> bool:
        if not begin:
            return False
        handler.send_blob(blob, begin, blob.size, headers={"content-range": value}, n_body=0)
        handler.break_off()
        return True

    return fault


def wrong_bytes(handler: HubHandler, blob: HubBlob, begin: int) -> bool:
    handler.send_response(200)
    handler.send_header("content-length", str(blob.size))
    handler.end_headers()
    handler.wfile.write(b"x" * blob.size)
    return True


def too_long(handler: HubHandler, blob: HubBlob, begin: int) -> bool:
    handler.send_blob(blob, begin, blob.size, headers={"content-length": "", "connection": "close"})
    handler.wfile.write(b"more than there should be")
    handler.break_off()
    return True


def stalls(after_bytes: int | None) -> Script:
    """Twenty seconds of silence, before any header (None) or somewhere in the body."""

    def fault(handler: HubHandler, blob: HubBlob, begin: int) -> bool:
        if after_bytes is not None:
            handler.send_blob(blob, begin, blob.size, n_body=after_bytes)
            handler.wfile.flush()
        time.sleep(20)
        handler.close_connection = True
        return True

    return fault


# -- what the hub itself does --------------------------------------------------------------------------------------


def hub_answering(
    status: int, headers: dict[str, str] | None = None, body: bytes = b"", *, name: str = "", methods: str = "HEAD GET"
) -> HubFault:
    """For files whose path ends in `name`."""

    def fault(handler: HubHandler, path: str) -> bool:
        if handler.command not in methods or not path.endswith(name):
            return False
        handler.reply(status, headers or {}, body, handler.command != "HEAD")
        return True

    return fault


# -- the line ------------------------------------------------------------------------------------------------------

_recorders: list[list[Any]] = []


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if event in ("socket.connect", "socket.getaddrinfo"):
        for recorder in _recorders:
            recorder.append(arguments[1] if event == "socket.connect" else arguments[0])


@contextlib.contextmanager
def recorded_connections() -> Iterator[list[Any]]:
    """Every address that is connected to or looked up, by any part of this process."""
    if not getattr(_audit, "is_installed", False):
        sys.addaudithook(_audit)
        _audit.is_installed = True  # type: ignore[attr-defined]
    found: list[Any] = []
    _recorders.append(found)
    yield found
    _recorders.remove(found)


class Proxy:
    """Passes on whole requests for http addresses, one connection each.

    routes -- from host names that do not exist to "host:port"; without them, everything goes where it wants to
    refuses -- answered to every request, if not "" """

    def __init__(self, routes: dict[str, str] | None = None, refuses: str = "") -> None:
        self.n_requests = 0
        self._routes, self._refuses = routes or {}, refuses
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def __enter__(self) -> "Proxy":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                threading.Thread(target=self._pass_on, args=(connection,), daemon=True).start()

    def _pass_on(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            request = b""
            while b"\r\n\r\n" not in request:
                request += connection.recv(65536)
            self.n_requests += 1
            if self._refuses:
                connection.sendall(f"HTTP/1.1 {self._refuses}\r\ncontent-length: 0\r\n\r\n".encode())
                return
            line, _, rest = request.partition(b"\r\n")
            method, address, version = line.split(b" ")
            host, _, path = address.removeprefix(b"http://").partition(b"/")
            name, _, port = self._routes.get(host.decode(), host.decode()).partition(":")
            with socket.create_connection((name, int(port or 80))) as upstream:
                upstream.sendall(b"%s /%s %s\r\nconnection: close\r\n" % (method, path, version) + rest)
                while piece := upstream.recv(65536):
                    connection.sendall(piece)
