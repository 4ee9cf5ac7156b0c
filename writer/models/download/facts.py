"""What is known of a hub's file before it is fetched: its size and hash."""

import asyncio
import hashlib
import re
from collections.abc import Generator
from pathlib import Path

import httpx2

from writer.errors import WriterError
from writer.models.catalog import HubFile, HubSource
from writer.models.download.requests import Limits, TryAgain, answered
from writer.models.download.transfer import RemoteFile

_SHA256 = re.compile(r"[0-9a-f]{64}")
_GIT_SHA1 = re.compile(r"[0-9a-f]{40}")
_HASH_BYTES = 1 << 24


def file_url(endpoint: str, source: HubSource, file: HubFile) -> str:
    return f"{endpoint}/{source.repository}/resolve/{source.revision}/{file.name}"


def pinned(endpoint: str, source: HubSource, file: HubFile) -> RemoteFile:
    """A file of which the catalogue says all."""
    return RemoteFile(file_url(endpoint, source, file), file.size_bytes or 0, file.sha256 or "")


async def ask(
    client: httpx2.AsyncClient, endpoint: str, source: HubSource, file: HubFile, token: str, limits: Limits
) -> RemoteFile:
    """Size and hash of one file at the pinned revision. What the catalogue pins must agree with the hub.

    Raises WriterError, also when the hub tells less than is needed to check the file."""
    if file.size_bytes is not None and file.sha256 is not None:
        return pinned(endpoint, source, file)
    url = file_url(endpoint, source, file)
    for attempt in range(limits.n_tries):
        try:
            async with answered(client, "HEAD", url, {}, token, limits) as response:
                return _read_facts(url, response.headers, source, file)
        except TryAgain as problem:
            if attempt == limits.n_tries - 1:
                raise WriterError(
                    f"The model cannot be fetched: {problem}.", "Check your connection and try again."
                ) from problem
            wait_s = limits.backoff_s * 2**attempt if problem.wait_s is None else problem.wait_s
        await asyncio.sleep(min(wait_s, limits.longest_wait_s))
    raise AssertionError("the last attempt returns or raises")


def _read_facts(url: str, headers: httpx2.Headers, source: HubSource, file: HubFile) -> RemoteFile:
    etag = headers.get("x-linked-etag", headers.get("etag", "")).removeprefix("W/").strip('"')
    size = headers.get("x-linked-size", headers.get("content-length", ""))
    if headers.get("x-repo-commit", source.revision) != source.revision:
        raise WriterError(f"The hub answers for another revision of {source.repository}.", "Try again later.")
    sha256 = etag if _SHA256.fullmatch(etag) else ""
    if file.sha256 is not None:
        if sha256 and sha256 != file.sha256:
            raise WriterError(
                f"The hub offers another {file.name} than the one Writer knows.", "Tell Writer's makers; do not use it."
            )
        sha256 = file.sha256
    git_sha1 = etag if not sha256 and _GIT_SHA1.fullmatch(etag) else ""
    if file.size_bytes is not None:
        size = str(file.size_bytes)
    if not size.isdecimal() or not (sha256 or git_sha1):
        raise WriterError(
            f"The hub does not say what {file.name} has to look like, so it could not be checked.",
            "Try again later, or check the address in HF_ENDPOINT.",
        )
    return RemoteFile(url, int(size), sha256, git_sha1)


def matches(path: Path, remote: RemoteFile) -> Generator[None, None, bool]:
    """Whether a file on the disk is what it should be; yields between the pieces it reads."""
    if path.stat().st_size != remote.size_bytes:
        return False
    digest = (
        hashlib.sha256() if remote.sha256 else hashlib.sha1(b"blob %d\0" % remote.size_bytes, usedforsecurity=False)
    )
    with path.open("rb") as file:
        while piece := file.read(_HASH_BYTES):
            digest.update(piece)
            yield
    return digest.hexdigest() == (remote.sha256 or remote.git_sha1)
