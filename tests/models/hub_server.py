"""A Hugging Face hub on this machine: it speaks the real one's protocol, and misbehaves when told to.

Large files live on a second server, as the real hub's do on a content network: the hub redirects to it, and the token
must not follow. Small ones the hub answers itself, after a relative redirect.
"""

import contextlib
import hashlib
import json
import socket
import ssl
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

_PIECE_BYTES = 1 << 16
# Two hosts, as the real client follows every redirect that stays on the hub's own; both are this machine.
HUB_HOST, CDN_HOST = "127.0.0.1", "127.0.0.2"


@dataclass(frozen=True)
class HubBlob:
    """A file of a repository. `is_large` ones are kept by SHA-256 and served by the content network."""

    path: Path
    is_large: bool

    @property
    def size(self) -> int:
        return self.path.stat().st_size

    @property
    def etag(self) -> str:
        if self.is_large:
            with self.path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        return hashlib.sha1(b"blob %d\0" % self.size + self.path.read_bytes()).hexdigest()


@dataclass
class Hub:
    """What is served, what is to go wrong, and what was seen."""

    repositories: dict[tuple[str, str], dict[str, HubBlob]] = field(default_factory=dict)
    token: str = ""  # required, if not ""
    fault: "Fault | None" = None
    hub_fault: "HubFault | None" = None
    bytes_per_s: float = 0  # 0 is as fast as it goes
    sent_bytes: Counter[str] = field(default_factory=Counter)
    requests: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)  # "hub" or "cdn", path, headers
    etag_suffix: str = ""  # changes the content network's ETag
    url: str = ""
    cdn_url: str = ""

    def add(self, repository: str, revision: str, files: dict[str, Path]) -> None:
        large = (".safetensors", ".gguf", ".onnx")
        self.repositories[repository, revision] = {
            name: HubBlob(path, name.endswith(large)) for name, path in files.items()
        }

    def settled_bytes(self, name: str) -> int:
        """What has been sent of a file, once the hub has noticed that nobody reads any more what it sends."""
        while True:
            before = self.sent_bytes[name]
            time.sleep(0.5)
            if self.sent_bytes[name] == before:
                return before

    def n_requests(self, server: str) -> int:
        return sum(1 for name, _, _ in self.requests if name == server)


Fault = Callable[["HubHandler", HubBlob, int], bool]
"""Called for each GET of a large file with the place it begins at; True when it has answered in its own way."""

HubFault = Callable[["HubHandler", str], bool]
"""Called for each request to the hub itself, with its path; True when it has answered in its own way."""

_CACHE_PREFIX = "/api/resolve-cache/models/"


class HubHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: Hub
    server_name = "hub"

    def log_message(self, *_: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def _answer(self, with_body: bool) -> None:
        hub = self.hub
        path = unquote(self.path.partition("?")[0])
        hub.requests.append((self.server_name, self.path, {k.lower(): v for k, v in self.headers.items()}))
        try:
            if self.server_name == "cdn":
                self._send_large(path, with_body)
            elif hub.hub_fault and hub.hub_fault(self, path):
                return
            elif hub.token and self.headers.get("authorization") != f"Bearer {hub.token}":
                self.reply(401, {"x-error-code": "GatedRepo"}, b"Access is restricted.", with_body)
            elif path.startswith("/api/models/"):
                self._send_listing(path.removeprefix("/api/models/"), with_body)
            elif path.startswith(_CACHE_PREFIX):
                self._send_small(path.removeprefix(_CACHE_PREFIX), with_body)
            else:
                self._resolve(path, with_body)
        except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
            self.close_connection = True

    def _send_listing(self, rest: str, with_body: bool) -> None:
        """Of a repository as a whole, or of its tree, which newer clients ask for instead."""
        as_tree = "/tree/" in rest
        repository, _, revision = rest.partition("/tree/" if as_tree else "/revision/")
        for (known, commit), files in self.hub.repositories.items():
            if known == repository and revision in ("", "main", commit):
                listing = _tree(files) if as_tree else _repository(repository, commit, files)
                return self.reply(200, {"content-type": "application/json"}, json.dumps(listing).encode(), with_body)
        return self.reply(404, {"x-error-code": "RepoNotFound"}, b"", with_body)

    def _resolve(self, path: str, with_body: bool) -> None:
        repository, _, rest = path.lstrip("/").partition("/resolve/")
        revision, _, name = rest.partition("/")
        for (known, commit), files in self.hub.repositories.items():
            if known == repository and revision in ("main", commit):
                blob = files.get(name)
                if blob is None:
                    return self.reply(404, {"x-error-code": "EntryNotFound", "x-repo-commit": commit}, b"", with_body)
                facts = {"x-repo-commit": commit, "accept-ranges": "bytes"}
                if not blob.is_large:
                    facts["location"] = f"{_CACHE_PREFIX}{repository}/{commit}/{name}?etag=%22{blob.etag}%22"
                    return self.reply(307, facts, b"Temporary Redirect", with_body)
                facts |= {"x-linked-etag": f'"{blob.etag}"', "x-linked-size": str(blob.size)}
                facts["location"] = f"{self.hub.cdn_url}/{repository}/{commit}/{name}?X-Amz-Signature=abc&Expires=999"
                return self.reply(302, facts, b"Found", with_body)
        return self.reply(404, {"x-error-code": "RepoNotFound"}, b"", with_body)

    def _send_small(self, path: str, with_body: bool) -> None:
        blob, commit = self._blob(f"/{path}"), path.split("/")[2]
        facts = {"x-repo-commit": commit, "accept-ranges": "bytes", "etag": f'"{blob.etag}"'}
        facts["content-type"] = "text/plain; charset=utf-8"
        self.reply(200, facts, blob.path.read_bytes(), with_body)

    def _send_large(self, path: str, with_body: bool) -> None:
        blob = self._blob(path)
        begin, end = self._range(blob)
        if with_body and self.hub.fault and self.hub.fault(self, blob, begin):
            return
        self.send_blob(blob, begin, end, with_body=with_body)

    def _blob(self, path: str) -> HubBlob:
        for (repository, commit), files in self.hub.repositories.items():
            prefix = f"/{repository}/{commit}/"
            if path.startswith(prefix):
                return files[path.removeprefix(prefix)]
        raise KeyError(path)

    def _range(self, blob: HubBlob) -> tuple[int, int]:
        wanted = self.headers.get("range", "")
        condition = self.headers.get("if-range")
        if not wanted.startswith("bytes=") or (condition and condition != self.cdn_etag(blob)):
            return 0, blob.size
        begin, _, last = wanted.removeprefix("bytes=").partition("-")
        return int(begin), min(int(last) + 1, blob.size) if last else blob.size

    def cdn_etag(self, blob: HubBlob) -> str:
        return f'"s3-{blob.size}{self.hub.etag_suffix}"'

    def send_blob(
        self,
        blob: HubBlob,
        begin: int,
        end: int,
        *,
        with_body: bool = True,
        status: int = 0,
        headers: dict[str, str] | None = None,
        n_body: int | None = None,
    ) -> None:
        """A well-formed answer, of which `headers` replace some and `n_body` cuts the body short."""
        if begin >= blob.size > 0:
            return self.reply(416, {"content-range": f"bytes */{blob.size}"}, b"", with_body)
        is_part = begin > 0 or end < blob.size
        facts = {"etag": self.cdn_etag(blob), "accept-ranges": "bytes", "content-length": str(end - begin)}
        facts |= {"content-type": "application/octet-stream", "last-modified": formatdate(0, usegmt=True)}
        if is_part:
            facts["content-range"] = f"bytes {begin}-{end - 1}/{blob.size}"
        self.send_response(status or (206 if is_part else 200))
        for name, value in (facts | (headers or {})).items():
            if value:
                self.send_header(name, value)
        self.end_headers()
        if with_body:
            self.send_bytes(blob, begin, end if n_body is None else begin + n_body)
        return None

    def send_bytes(self, blob: HubBlob, begin: int, end: int) -> None:
        with blob.path.open("rb") as file:
            file.seek(begin)
            while begin < end and (piece := file.read(min(_PIECE_BYTES, end - begin))):
                self.hub.sent_bytes[blob.path.name] += len(piece)  # first: the client may be done with it at once
                self.wfile.write(piece)
                begin += len(piece)
                if self.hub.bytes_per_s:
                    time.sleep(len(piece) / self.hub.bytes_per_s)
        if begin < end or self.headers.get("connection") == "close":
            self.close_connection = True

    def break_off(self) -> None:
        """End the connection in the middle."""
        self.wfile.flush()
        self.close_connection = True
        self.connection.shutdown(2)

    def reset(self) -> None:
        """Tear the connection down, as a router that has lost track of it does: what was sent has arrived, no more."""
        self.wfile.flush()
        with contextlib.suppress(OSError):
            for _ in range(100):  # until the other side has taken it all
                if not _unsent_bytes(self.connection):
                    break
                time.sleep(0.01)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def reply(self, status: int, headers: dict[str, str], body: bytes, with_body: bool = True) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        if with_body:
            self.wfile.write(body)


def _unsent_bytes(connection: socket.socket) -> int:
    try:
        import fcntl
        import termios
    except ImportError:  # Windows: trust in time
        time.sleep(0.05)
        return 0
    return struct.unpack("i", fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, b"\0" * 4))[0]


def _repository(repository: str, commit: str, files: dict[str, HubBlob]) -> dict[str, Any]:
    siblings = [
        {"rfilename": name, "size": blob.size, "blobId": "0" * 40}
        | ({"lfs": {"sha256": blob.etag, "size": blob.size, "pointerSize": 134}} if blob.is_large else {})
        for name, blob in files.items()
    ]
    fields = {"id": repository, "modelId": repository, "sha": commit, "siblings": siblings}
    return fields | {"private": False, "tags": [], "downloads": 0, "likes": 0}


def _tree(files: dict[str, HubBlob]) -> list[dict[str, Any]]:
    return [
        {"type": "file", "path": name, "size": blob.size, "oid": "0" * 40 if blob.is_large else blob.etag}
        | ({"lfs": {"oid": blob.etag, "size": blob.size, "pointerSize": 134}} if blob.is_large else {})
        for name, blob in files.items()
    ]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        pass  # a client that went away


def _bindable(host: str) -> str:
    """Not every system has more than one address of its own; only newer real clients need two."""
    try:
        socket.create_server((host, 0)).close()
    except OSError:
        return HUB_HOST
    return host


def serving(hub: Hub, context: ssl.SSLContext | None = None) -> Iterator[Hub]:
    """Run the hub and its content network; a generator for fixtures."""
    servers = []
    for name, host in (("hub", HUB_HOST), ("cdn", CDN_HOST)):
        handler = type(f"{name}Handler", (HubHandler,), {"hub": hub, "server_name": name})
        server = _Server((_bindable(host), 0), handler)
        if context:
            server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        servers.append(server)
    scheme = "https" if context else "http"
    hub.url, hub.cdn_url = (f"{scheme}://{server.server_address[0]}:{server.server_port}" for server in servers)
    yield hub
    for server in servers:
        server.shutdown()
        server.server_close()
