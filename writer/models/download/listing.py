"""Which files a repository on the hub holds, and at which commit."""

import asyncio
import re
from collections.abc import Generator
from typing import Any

import httpx2

from writer.engine.untrusted_file import parse_json
from writer.errors import WriterError
from writer.models.download.background import BackgroundTask
from writer.models.download.hub import HubSettings
from writer.models.download.progress import DownloadProgress
from writer.models.download.requests import Limits, TryAgain, answered, insisting, new_client

_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}/[A-Za-z0-9][A-Za-z0-9._-]{0,95}")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_MAX_LISTING_BYTES = 1 << 22
_POLL_S = 0.1


def is_repository(name: str) -> bool:
    """Whether `name` is of the form OWNER/NAME."""
    return _REPOSITORY.fullmatch(name) is not None


def list_repository(
    repository: str, settings: HubSettings
) -> Generator[DownloadProgress, None, tuple[str, tuple[str, ...]]]:
    """(commit, names of its files) of the repository's main branch. Yields while it waits; raises WriterError."""
    if settings.is_offline:
        raise WriterError("HF_HUB_OFFLINE is set, so nothing is fetched.", "Unset it, or give a folder.")
    found: list[tuple[str, tuple[str, ...]]] = []

    async def work() -> None:
        async with new_client() as client:
            found.append(await _ask(client, f"{settings.endpoint}/api/models/{repository}", settings))

    task = BackgroundTask(work())
    try:
        while not task.wait(_POLL_S):
            yield DownloadProgress(0, 0, note="Asking the hub")
    finally:
        task.cancel()
    return found[0]


async def _ask(client: httpx2.AsyncClient, url: str, settings: HubSettings) -> tuple[str, tuple[str, ...]]:
    limits = settings.limits

    async def attempt() -> tuple[str, tuple[str, ...]]:
        async with answered(client, "GET", url, {}, settings.token, limits) as response:
            return _read(await _body(response, limits))

    return await insisting(limits, attempt)


async def _body(response: httpx2.Response, limits: Limits) -> bytes:
    body = bytearray()
    try:
        async with asyncio.timeout(limits.answer_s):
            async for piece in response.aiter_raw():
                body += piece
                if len(body) > _MAX_LISTING_BYTES:
                    raise WriterError("The hub's list of files is far too long.", "Try again later.")
    except (TimeoutError, httpx2.TransportError) as error:
        raise TryAgain("the line to the hub broke") from error
    return bytes(body)


def _read(body: bytes) -> tuple[str, tuple[str, ...]]:
    try:
        values: dict[str, Any] = parse_json(body)
        commit, names = values["sha"], tuple(file["rfilename"] for file in values["siblings"])
        if not _COMMIT.fullmatch(commit) or not all(isinstance(name, str) for name in names):
            raise ValueError("no commit, or no names")
    except (ValueError, KeyError, TypeError) as error:
        raise WriterError("The hub's list of files cannot be read.", "Try again later.") from error
    return commit, names
