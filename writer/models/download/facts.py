"""What is known of a hub's file before it is fetched: its size and hash."""

import hashlib
import json
import re
from collections.abc import Generator
from pathlib import Path

import httpx2

from writer.errors import WriterError
from writer.models.catalog import HubFile, HubSource
from writer.models.download.requests import Limits, answered, insisting
from writer.models.download.transfer import RemoteFile

_SHA256 = re.compile(r"[0-9a-f]{64}")
_GIT_SHA1 = re.compile(r"[0-9a-f]{40}")
_SIZE = re.compile(r"[0-9]{1,15}")
_HASH_BYTES = 1 << 24
_RECORD_NAME = ".verified.json"
_TEXT_SUFFIXES = (".json", ".txt")
_TEXT_BYTES = 16_000_000  # configurations and vocabularies are far below
_TOKENIZER_BYTES = 64_000_000


def file_url(endpoint: str, source: HubSource, file: HubFile) -> str:
    return f"{endpoint}/{source.repository}/resolve/{source.revision}/{file.name}"


def pinned(endpoint: str, source: HubSource, file: HubFile) -> RemoteFile | None:
    """A file of which the catalogue says all."""
    if file.size_bytes is None or file.sha256 is None:
        return None
    return RemoteFile(file_url(endpoint, source, file), file.size_bytes, file.sha256)


def claimed(endpoint: str, source: HubSource, file: HubFile, size_bytes: int, known_hash: str) -> RemoteFile:
    """The file as somebody describes it, by a SHA-256 or, as git does, a SHA-1. What the catalogue pins holds anyway.

    Raises WriterError for what is not enough to check the file by: two files may be made that share a SHA-1, so weights
    are not taken on it."""
    name = file.name
    if file.sha256 is not None:
        if _SHA256.fullmatch(known_hash) and known_hash != file.sha256:
            raise WriterError(
                f"The hub offers another {name} than the one Writer knows.", "Tell Writer's makers; do not use it."
            )
        known_hash = file.sha256
    is_text = name.endswith(_TEXT_SUFFIXES)
    most = _TOKENIZER_BYTES if name.endswith("tokenizer.json") else _TEXT_BYTES
    if file.size_bytes is not None:
        size_bytes = file.size_bytes
    elif is_text and size_bytes > most:
        raise WriterError(
            f"The hub offers a {name} of {size_bytes / 1e6:,.0f} MB, which cannot be right.",
            "Do not use this model, or check the address in HF_ENDPOINT.",
        )
    url = file_url(endpoint, source, file)
    if _SHA256.fullmatch(known_hash):
        return RemoteFile(url, size_bytes, sha256=known_hash)
    if is_text and size_bytes <= _TEXT_BYTES and _GIT_SHA1.fullmatch(known_hash):
        return RemoteFile(url, size_bytes, git_sha1=known_hash)
    raise _unknown(name)


def _unknown(name: str) -> WriterError:
    return WriterError(
        f"The hub does not say what {name} has to look like, so it could not be checked.",
        "Try again later, or check the address in HF_ENDPOINT.",
    )


async def ask(
    client: httpx2.AsyncClient, endpoint: str, source: HubSource, file: HubFile, token: str, limits: Limits
) -> RemoteFile:
    """Size and hash of one file at the pinned revision. What the catalogue pins must agree with the hub.

    Raises WriterError, also when the hub tells less than is needed to check the file."""
    if known := pinned(endpoint, source, file):
        return known
    url = file_url(endpoint, source, file)

    async def attempt() -> RemoteFile:
        async with answered(client, "HEAD", url, {}, token, limits) as response:
            return _read_facts(endpoint, response.headers, source, file)

    return await insisting(limits, attempt)


def _read_facts(endpoint: str, headers: httpx2.Headers, source: HubSource, file: HubFile) -> RemoteFile:
    etag = headers.get("x-linked-etag", headers.get("etag", "")).removeprefix("W/").strip('"')
    size = headers.get("x-linked-size", headers.get("content-length", ""))
    if headers.get("x-repo-commit") != source.revision:
        raise WriterError(
            f"The hub does not answer for the revision of {source.repository} that was asked for.",
            "Try again later, or check the address in HF_ENDPOINT.",
        )
    if file.size_bytes is not None:
        size = "0"  # the catalogue knows it
    if not _SIZE.fullmatch(size):
        raise _unknown(file.name)
    return claimed(endpoint, source, file, int(size), etag)


def recorded(endpoint: str, source: HubSource, file: HubFile, folder: Path) -> RemoteFile | None:
    """What an earlier run wrote down of a file it had verified: a revision never changes, so nobody is asked again."""
    try:
        values = json.loads((folder / _RECORD_NAME).read_text(encoding="utf-8"))
        if (values["repository"], values["revision"]) != (source.repository, source.revision):
            return None
        size, known_hash = values["files"][file.name]["size_bytes"], values["files"][file.name]["hash"]
        if type(size) is not int or size < 0:
            return None
        return claimed(endpoint, source, file, size, known_hash)
    except (OSError, ValueError, KeyError, TypeError, RecursionError, WriterError):
        return None  # as good as none: the hub is asked


def record(source: HubSource, remotes: dict[HubFile, RemoteFile], folder: Path) -> None:
    """Write down what has been verified, for runs without a line."""
    files = {
        file.name: {"size_bytes": remote.size_bytes, "hash": remote.sha256 or remote.git_sha1}
        for file, remote in remotes.items()
    }
    values = {"repository": source.repository, "revision": source.revision, "files": files}
    text = json.dumps(values, indent=1)
    path = folder / _RECORD_NAME
    if not path.is_file() or path.read_bytes() != text.encode():
        fresh = path.with_name(f"{_RECORD_NAME}.new")
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(path)


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
