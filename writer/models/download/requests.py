"""Requests with every bound that a hostile or broken server calls for."""

import asyncio
import datetime
import email.utils
import ipaddress
import ssl
import urllib.request
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx2

from writer.errors import WriterError


@dataclass(frozen=True)
class Limits:
    """How long and how often a server is borne with."""

    answer_s: float = 30  # from the request to the last header
    stall_s: float = 30  # between two pieces of a body
    slow_s: float = 60  # over this time at least slow_bytes_per_s have to arrive
    slow_bytes_per_s: float = 1024
    n_tries: int = 5  # in a row without a new byte
    backoff_s: float = 1.0  # before the second try; doubled each time
    longest_wait_s: float = 60  # whatever the server asks for
    n_redirects: int = 5


class TryAgain(Exception):  # noqa: N818 - not an error yet: what may pass
    """Something that may pass. `wait_s`: how long the server asks to wait, None if it does not say."""

    def __init__(self, reason: str, wait_s: float | None = None) -> None:
        super().__init__(reason)
        self.wait_s = wait_s


def new_client() -> httpx2.AsyncClient:
    """Certificates are always verified; proxies are the environment's, as everywhere on the user's machine."""
    return httpx2.AsyncClient(timeout=None, trust_env=True, headers={"accept-encoding": "identity"})


@asynccontextmanager
async def answered(
    client: httpx2.AsyncClient, method: str, url: str, headers: Mapping[str, str], token: str, limits: Limits
) -> AsyncIterator[httpx2.Response]:
    """The answer to a request, redirects followed; its body is not read yet.

    `token` goes to the host of `url` only. Raises WriterError for what no repetition cures, else TryAgain.
    """
    first = target = httpx2.URL(url)
    for _ in range(limits.n_redirects + 1):
        sent = dict(headers)
        if token and _origin(target) == _origin(first):
            sent["authorization"] = f"Bearer {token}"
        response = await _send(client, client.build_request(method, target, headers=sent), limits)
        try:
            if method == "HEAD" and "x-linked-etag" in response.headers:
                yield response  # the hub's own word on a file that lies elsewhere
                return
            if not response.is_redirect:
                _check_status(response, first, has_token=bool(token))
                yield response
                return
            target = _redirected(target, response.headers["location"])
        finally:
            await response.aclose()
    raise WriterError(f"{first.host} sends the request in circles.", "Try again later.")


async def _send(client: httpx2.AsyncClient, request: httpx2.Request, limits: Limits) -> httpx2.Response:
    try:
        async with asyncio.timeout(limits.answer_s):
            return await client.send(request, stream=True)
    except TimeoutError as error:
        raise TryAgain(f"{request.url.host} does not answer") from error
    except httpx2.ProxyError as error:
        raise _proxy_failure(request.url) from error
    except httpx2.ConnectError as error:
        if _is_certificate_failure(error):
            raise WriterError(
                f"{request.url.host} cannot prove who it is (its certificate is not valid), so nothing was fetched.",
                "Check the clock of this computer and the network you are in.",
            ) from error
        if _proxy_of(request.url):
            raise _proxy_failure(request.url) from error
        raise TryAgain(f"{request.url.host} cannot be reached") from error
    except (httpx2.TransportError, OSError) as error:
        raise TryAgain(f"the line to {request.url.host} broke") from error


def _is_certificate_failure(error: BaseException) -> bool:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError) or "CERTIFICATE_VERIFY_FAILED" in str(cause):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def _proxy_of(url: httpx2.URL) -> str:
    """The proxy the environment names for `url`, "" for none."""
    if urllib.request.proxy_bypass(url.host):
        return ""
    proxies = urllib.request.getproxies()
    return proxies.get(url.scheme) or proxies.get("all") or ""


def _proxy_failure(url: httpx2.URL) -> WriterError:
    proxy = httpx2.URL(_proxy_of(url))
    shown = f"{proxy.scheme}://{proxy.host}{f':{proxy.port}' if proxy.port else ''}"  # without a password
    return WriterError(
        f"The proxy {shown} does not let the request to {url.host} through.",
        "Correct the proxy in your settings (HTTPS_PROXY), or add the host to NO_PROXY.",
    )


def _origin(url: httpx2.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _redirected(here: httpx2.URL, location: str) -> httpx2.URL:
    try:
        target = here.join(location)
    except (httpx2.InvalidURL, ValueError) as error:
        raise WriterError(f"{here.host} points to no valid address.", "Try again later.") from error
    downgraded = target.scheme == "http" and here.scheme == "https"
    if target.scheme not in ("http", "https") or downgraded or (_is_private(target) and not _is_private(here)):
        raise WriterError(
            f"{here.host} points to an address that is not safe to follow ({target.scheme}://{target.host}).",
            "If you are in a public network, sign in to it first; else try again later.",
        )
    return target


def _is_private(url: httpx2.URL) -> bool:
    if url.host == "localhost" or url.host.endswith(".localhost"):
        return True
    try:
        return not ipaddress.ip_address(url.host.strip("[]")).is_global
    except ValueError:
        return False


def _check_status(response: httpx2.Response, asked: httpx2.URL, *, has_token: bool) -> None:
    status, name = response.status_code, asked.path.rpartition("/")[2]
    if status == 416 or response.is_success:
        return
    if status in (401, 403):
        raise WriterError(
            f"{asked.host} does not let {'this account' if has_token else 'everybody'} have {name}.",
            "Accept the model's terms on its page, and set HF_TOKEN to a token of your account.",
        )
    if status in (404, 410):
        raise WriterError(f"{asked.host} does not have {name}.", "Check the model's name and revision.")
    if status == 429 or status >= 500:
        raise TryAgain(f"{asked.host} is busy ({status})", _wait_s(response.headers.get("retry-after")))
    raise WriterError(f"{asked.host} refused the request for {name} ({status}).", "Try again later.")


def _wait_s(header: str | None) -> float | None:
    """Retry-After, in seconds or as a date."""
    if header is None:
        return None
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        moment = email.utils.parsedate_to_datetime(header)
    except ValueError:
        return None
    now = datetime.datetime.now(moment.tzinfo)
    return max(0.0, (moment - now).total_seconds())
