"""One file over a line that may break: resumed by ranges, checked by hash, and only then given its name.

While it is fetched it is `NAME.part`, with `NAME.part.json` beside it: which bytes these are of, and how many of them
have surely reached the disk. What a kill or a power failure leaves behind, the next run goes on from.
"""

import asyncio
import contextlib
import errno
import json
import os
import random
import re
import time
from collections import deque
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx2

from writer.errors import WriterError
from writer.models.download.requests import Limits, TryAgain, answered

# A kill or a power failure costs what has come since the last sync: a twentieth of what is here, or this.
_SYNC_SHARE = 20
_SMALLEST_SYNC_BYTES, _LARGEST_SYNC_BYTES = 1 << 18, 1 << 25
_RATE_WINDOW_S = 5.0
_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,15})-([0-9]{1,15})/([0-9]{1,15}|\*)")
_STRONG_ETAG = re.compile(r'"[\x21\x23-\x7e]*"')
_MOST_TRAFFIC = 3  # times the size of the file
_SPARE_TRAFFIC_BYTES = 1 << 20  # for small files


@dataclass(frozen=True)
class RemoteFile:
    """`size_bytes` and the hash are known before anything is fetched. One of the two hashes is not ""."""

    url: str
    size_bytes: int
    sha256: str = ""
    git_sha1: str = ""  # of small files, which a repository keeps by git's own hash

    @property
    def name(self) -> str:
        return httpx2.URL(self.url).path.rpartition("/")[2]


class PartFile:
    """The part of a file that is here already."""

    def __init__(self, target: Path, remote: RemoteFile) -> None:
        self.path = target.with_name(target.name + ".part")
        self._state = target.with_name(target.name + ".part.json")
        self._remote = remote
        self.etag = ""
        self.n_bytes = 0
        self._synced = 0
        try:
            state = json.loads(self._state.read_text(encoding="utf-8"))
            if state["of"] == self._identity():
                # What lies beyond the last sync may never have reached the disk.
                self.n_bytes = max(0, min(int(state["synced"]), self.path.stat().st_size, remote.size_bytes))
                self.etag = _strong(state["etag"])
        except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
            self.n_bytes = 0  # the note is damaged, so nobody knows what the bytes are worth
        self._synced = self.n_bytes
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self.path.open("r+b" if self.path.exists() else "w+b", buffering=0)
        self.cut(self.n_bytes)

    def cut(self, n_bytes: int) -> None:
        self._file.truncate(n_bytes)
        self._file.seek(n_bytes)
        self.n_bytes = n_bytes
        self._synced = min(self._synced, n_bytes)

    def append(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            n_written = self._file.write(view)
            self.n_bytes += n_written
            view = view[n_written:]
        allowed = min(max(self.n_bytes // _SYNC_SHARE, _SMALLEST_SYNC_BYTES), _LARGEST_SYNC_BYTES)
        if self.n_bytes - self._synced >= allowed:
            self.sync()

    def sync(self) -> None:
        """Bytes first, then the note that says how many."""
        os.fsync(self._file.fileno())
        self._synced = self.n_bytes
        state = {"of": self._identity(), "etag": self.etag, "synced": self._synced}
        fresh = self._state.with_name(self._state.name + ".new")
        with fresh.open("w", encoding="utf-8") as file:
            file.write(json.dumps(state))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._state)

    def close(self) -> None:
        with self._file, contextlib.suppress(OSError):  # a full disk: what was synced before still holds
            self.sync()

    def delete(self) -> None:
        self.path.unlink(missing_ok=True)
        self._state.unlink(missing_ok=True)

    def publish(self, target: Path) -> None:
        """Give the file its name; call it when its hash has been seen to be right."""
        self.path.replace(target)
        self._state.unlink(missing_ok=True)
        if os.name == "posix":
            folder = os.open(target.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    def _identity(self) -> dict[str, object]:
        return {key: value for key, value in asdict(self._remote).items() if key != "url"}


class Meter:
    """Shared between the network's thread, which writes, and the one that tells the user."""

    def __init__(self, done_bytes: int = 0) -> None:
        self.done_bytes = done_bytes
        self.n_arrived = 0  # again and again the same ones, if the server will have it so
        self.note = ""
        self._points: deque[tuple[float, int]] = deque()

    def bytes_per_s(self) -> float:
        """Over the last seconds; called at each report."""
        now = time.monotonic()
        self._points.append((now, self.done_bytes))
        while len(self._points) > 2 and now - self._points[0][0] > _RATE_WINDOW_S:
            self._points.popleft()
        began, before = self._points[0]
        return max(0.0, (self.done_bytes - before) / (now - began)) if now > began else 0.0


class _Pace:
    """Notices a server that sends hardly anything, however it spreads it over its answers."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._began, self._n_arrived = time.monotonic(), 0

    def arrived(self, n_bytes: int) -> None:
        """Raises WriterError when too little has come over the whole of `slow_s`."""
        self._n_arrived += n_bytes
        elapsed = time.monotonic() - self._began
        if elapsed > self._limits.slow_s:
            if self._n_arrived / elapsed < self._limits.slow_bytes_per_s:
                raise WriterError("The server sends hardly anything.", "Try again later: what has arrived is kept.")
            self._began, self._n_arrived = time.monotonic(), 0

    def is_not_to_count(self, seconds: float) -> None:
        """An attempt that brought nothing new has been counted as a failure, and its time is not slowness as well."""
        self._began += seconds


async def fetch(
    client: httpx2.AsyncClient, remote: RemoteFile, part: PartFile, token: str, limits: Limits, meter: Meter
) -> None:
    """Bring `part` to its full size, again and again as long as it gets further than before. Raises WriterError."""
    failures, furthest = 0, part.n_bytes
    pace = _Pace(limits)
    while part.n_bytes < remote.size_bytes:
        began = time.monotonic()
        try:
            await _fetch_range(client, remote, part, token, limits, meter, pace)
            continue
        except TryAgain as problem:
            got_further = part.n_bytes > furthest
            failures, furthest = (1, part.n_bytes) if got_further else (failures + 1, furthest)
            is_in_vain = meter.n_arrived > _MOST_TRAFFIC * remote.size_bytes + _SPARE_TRAFFIC_BYTES
            if failures >= limits.n_tries or is_in_vain:
                raise WriterError(
                    f"The download of {remote.name} does not get on: {problem}.",
                    "Check your connection and try again: what has arrived is kept.",
                ) from problem
            wait_s = limits.backoff_s * 2 ** (failures - 1) * random.uniform(0.5, 1)  # noqa: S311 - spreads the load
            if problem.wait_s is not None:
                wait_s = problem.wait_s
            wait_s = min(wait_s, limits.longest_wait_s)
            meter.done_bytes = part.n_bytes
            meter.note = f"{str(problem)[:1].upper()}{str(problem)[1:]}; trying again"
        await asyncio.sleep(wait_s)
        if not got_further:
            pace.is_not_to_count(time.monotonic() - began)
        meter.note = ""


async def _fetch_range(
    client: httpx2.AsyncClient,
    remote: RemoteFile,
    part: PartFile,
    token: str,
    limits: Limits,
    meter: Meter,
    pace: _Pace,
) -> None:
    """Append what one request brings. Raises TryAgain or WriterError."""
    headers = {}
    if part.n_bytes:
        headers["range"] = f"bytes={part.n_bytes}-"
        if part.etag:
            headers["if-range"] = part.etag
    async with answered(client, "GET", remote.url, headers, token, limits) as response:
        if response.headers.get("content-encoding", "identity") != "identity":
            raise TryAgain("the server packed the file although it was asked not to")
        if response.status_code == 416:  # the rest of a file that is another one now
            part.cut(0)
            raise TryAgain("the file has changed on the way")
        etag = _strong(response.headers.get("etag", ""))
        begin = _place(response, part, remote, etag)
        length = response.headers.get("content-length", "")
        if length and length != str(remote.size_bytes - begin):
            raise TryAgain("the server offers more or less than the file holds")
        if begin < part.n_bytes:  # not before all of the above: what answered may not have been the file at all
            part.cut(begin)
        part.etag = etag
        meter.done_bytes = part.n_bytes
        await _read_body(response, remote, part, limits, meter, pace)


def _place(response: httpx2.Response, part: PartFile, remote: RemoteFile, etag: str) -> int:
    """Where in the file the body begins. Raises TryAgain for one that does not fit."""
    if response.status_code == 200:
        return 0
    if response.status_code != 206:
        raise TryAgain(f"the server answers something else ({response.status_code})")
    if _continues(response, part, remote, etag):
        return part.n_bytes
    part.cut(0)
    part.etag = ""
    raise TryAgain("the server sent another part than the one asked for")


def _strong(etag: str) -> str:
    """An ETag that may be sent back as a condition, else "": a weak one is no promise, an odd one no header."""
    return etag if _STRONG_ETAG.fullmatch(etag) else ""


def _continues(response: httpx2.Response, part: PartFile, remote: RemoteFile, etag: str) -> bool:
    """Whether a 206 carries on where the part ends, and of the same file."""
    match = _CONTENT_RANGE.fullmatch(response.headers.get("content-range", ""))
    if match is None or int(match[1]) != part.n_bytes:
        return False
    same_size = match[3] in ("*", str(remote.size_bytes))
    return same_size and (not part.etag or not etag or etag == part.etag)


async def _read_body(
    response: httpx2.Response, remote: RemoteFile, part: PartFile, limits: Limits, meter: Meter, pace: _Pace
) -> None:
    pieces = response.aiter_raw()
    try:
        while True:
            try:
                async with asyncio.timeout(limits.stall_s):
                    piece = await anext(pieces, b"")
            except TimeoutError as error:
                raise TryAgain("nothing more arrives") from error
            if not piece:
                break
            meter.n_arrived += len(piece)
            if part.n_bytes + len(piece) > remote.size_bytes:
                part.cut(0)
                raise TryAgain("the server sends more than the file holds")
            part.append(piece)
            meter.done_bytes = part.n_bytes
            pace.arrived(len(piece))
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise WriterError(
                "The disk became full during the download.", "Free some space and try again: what has arrived is kept."
            ) from error
        raise
    except httpx2.TransportError as error:
        raise TryAgain("the line broke") from error
    if part.n_bytes < remote.size_bytes:
        raise TryAgain("the line broke")
