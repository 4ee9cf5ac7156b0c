"""Asking once which release is the newest."""

import asyncio
from collections.abc import Generator

import httpx2

from writer.engine.untrusted_file import parse_json, shown
from writer.errors import WriterError
from writer.models.download.background import BackgroundTask
from writer.models.download.requests import Limits, RefusalError, TryAgain, answered, new_client

LIMITS = Limits(answer_s=15, n_redirects=3)

_MAX_BYTES = 1 << 20  # with all that a forge tells of a release
_MAX_VALUES = 20_000
_LONGEST_VERSION = 40
_POLL_S = 0.1


def ask_newest(url: str, user_agent: str, limits: Limits = LIMITS) -> Generator[None, None, str]:
    """The version that the JSON object at `url` names as "tag_name". Yields while it waits, and closing it ends the
    request; raises WriterError. Nothing is sent but the request itself.

    url -- begins with https://
    """
    if not url.startswith("https://"):
        raise ValueError(f"{url} can be read by anybody on the way")
    found: list[str] = []

    async def work() -> None:
        async with new_client() as client:
            found.append(_version(await _ask(client, url, user_agent, limits)))

    task = BackgroundTask(work())
    try:
        while not task.wait(_POLL_S):
            yield
    finally:
        task.cancel()
    return found[0]


async def _ask(client: httpx2.AsyncClient, url: str, user_agent: str, limits: Limits) -> bytes:
    headers = {"user-agent": user_agent, "accept": "application/json"}
    body = bytearray()
    try:
        async with answered(client, "GET", url, headers, "", limits) as response, asyncio.timeout(limits.answer_s):
            async for piece in response.aiter_raw():
                body += piece
                if len(body) > _MAX_BYTES:
                    raise _senseless()
    except RefusalError as error:
        host = httpx2.URL(url).host
        raise WriterError(
            f"{host} does not say which Writer is the newest ({error.status}).", "Try again later."
        ) from error
    except TryAgain as error:
        raise _unanswered(str(error)) from error
    except (TimeoutError, httpx2.TransportError) as error:
        raise _unanswered("the line broke") from error
    return bytes(body)


def _version(body: bytes) -> str:
    try:
        values = parse_json(body, _MAX_VALUES)
        version = values["tag_name"]
        if not isinstance(version, str) or len(version) > _LONGEST_VERSION or shown(version) != version:
            raise TypeError("no version")
    except (ValueError, KeyError, TypeError) as error:
        raise _senseless() from error
    return version


def _senseless() -> WriterError:
    return WriterError("The answer does not say which Writer is the newest.", "Try again later.")


def _unanswered(reason: str) -> WriterError:
    return WriterError(
        f"It is not known whether there is a newer Writer: {reason}.", "Check your connection and try again."
    )
