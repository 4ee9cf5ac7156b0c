"""Requests with every bound that a hostile or broken server calls for."""

import asyncio
import datetime
import email.utils
import ipaddress
import socket
import ssl
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

import httpx2

from writer.errors import WriterError

_T = TypeVar("_T")


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


class RefusalError(WriterError):
    """The server's answer was no. `status`: the number it has in HTTP."""

    def __init__(self, message: str, hint: str, status: int) -> None:
        super().__init__(message, hint)
        self.status = status


class _Routes(httpx2.AsyncBaseTransport):
    """Sends each request by the way the environment names for it.

    httpx2 reads the environment too, but fails as a whole when one proxy in it is of a kind it cannot use: many
    desktops set ALL_PROXY=socks://… beside a good HTTPS_PROXY."""

    def __init__(self) -> None:
        self._transports: dict[str, httpx2.AsyncHTTPTransport] = {}

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        request.headers.pop("cookie", None)  # a server is not to know again whom it has answered before
        proxy = await asyncio.to_thread(_proxy_of, request.url)
        if proxy not in self._transports:
            self._transports[proxy] = _new_transport(proxy)
        return await self._transports[proxy].handle_async_request(request)

    async def aclose(self) -> None:
        for transport in self._transports.values():
            await transport.aclose()


def _new_transport(proxy: str) -> httpx2.AsyncHTTPTransport:
    """Certificates are always verified, against the system's authorities or those in SSL_CERT_FILE."""
    try:
        return httpx2.AsyncHTTPTransport(proxy=proxy or None, trust_env=True)
    except ImportError as error:
        raise WriterError(
            f"The proxy {_shown(proxy)} speaks SOCKS, which Writer cannot use by itself.",
            "Set HTTPS_PROXY to an HTTP proxy, or install the Python package socksio beside Writer.",
        ) from error
    except (ValueError, httpx2.InvalidURL) as error:
        raise WriterError(
            f"The proxy {_shown(proxy)} is of a kind Writer does not know.",
            "Correct the proxy in your settings (HTTPS_PROXY): it begins with http:// or https://.",
        ) from error
    except OSError as error:
        raise WriterError(
            f"The certificates to check servers by cannot be read ({error.strerror or error}).",
            "Correct SSL_CERT_FILE or SSL_CERT_DIR.",
        ) from error


def new_client() -> httpx2.AsyncClient:
    """Proxies are the environment's, as everywhere on the user's machine."""
    return httpx2.AsyncClient(
        transport=_Routes(), timeout=None, trust_env=False, headers={"accept-encoding": "identity"}
    )


async def insisting(limits: Limits, attempt: Callable[[], Awaitable[_T]]) -> _T:
    """What a small request brings, tried again while what is in the way may pass. Raises WriterError."""
    for n_failed in range(limits.n_tries):
        try:
            return await attempt()
        except TryAgain as problem:
            if n_failed == limits.n_tries - 1:
                raise WriterError(
                    f"The model cannot be fetched: {problem}.", "Check your connection and try again."
                ) from problem
            wait_s = limits.backoff_s * 2**n_failed if problem.wait_s is None else problem.wait_s
        await asyncio.sleep(min(wait_s, limits.longest_wait_s))
    raise AssertionError("the last attempt returns or raises")


@asynccontextmanager
async def answered(
    client: httpx2.AsyncClient, method: str, url: str, headers: Mapping[str, str], token: str, limits: Limits
) -> AsyncIterator[httpx2.Response]:
    """The answer to a request, redirects followed; its body is not read yet.

    `token` goes to the host of `url` only, and never unencrypted over a line. Raises WriterError for what no repetition
    cures, else TryAgain.
    """
    first = target = httpx2.URL(url)
    may_carry_token = first.scheme == "https" or _is_loopback(first.host)
    for _ in range(limits.n_redirects + 1):
        sent = dict(headers)
        if token and may_carry_token and _origin(target) == _origin(first):
            sent["authorization"] = f"Bearer {token}"
        response = await _send(client, client.build_request(method, target, headers=sent), limits)
        try:
            if method == "HEAD" and response.has_redirect_location and "x-linked-etag" in response.headers:
                yield response  # the hub's own word on a file that lies elsewhere
                return
            if not response.has_redirect_location:
                _check_status(response, first, token=token, was_token_kept=not may_carry_token)
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
        raise _proxy_failure(await asyncio.to_thread(_proxy_of, request.url), request.url.host) from error
    except httpx2.ConnectError as error:
        if _is_certificate_failure(error):
            raise WriterError(
                f"{request.url.host} cannot prove who it is (its certificate is not valid), so nothing was fetched.",
                "Check the clock of this computer and the network you are in.",
            ) from error
        if proxy := await asyncio.to_thread(_proxy_of, request.url):
            raise _proxy_failure(proxy, request.url.host) from error
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
    """The proxy the environment names for `url`, "" for none. On Windows it may look a name up, and so takes time."""
    proxies = urllib.request.getproxies()
    proxy = proxies.get(url.scheme) or proxies.get("all") or ""
    names = (url.host, url.netloc.decode("ascii"))
    if not proxy or any(urllib.request.proxy_bypass(name) for name in names):
        return ""
    return proxy if "://" in proxy else f"http://{proxy}"


def _proxy_failure(proxy: str, host: str) -> WriterError:
    return WriterError(
        f"The proxy {_shown(proxy)} does not let the request to {host} through.",
        "Correct the proxy in your settings (HTTPS_PROXY), or add the host to NO_PROXY.",
    )


def _shown(proxy: str) -> str:
    """Its address without a password."""
    scheme, _, rest = proxy.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2].rstrip('/')}"


def _origin(url: httpx2.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _redirected(here: httpx2.URL, location: str) -> httpx2.URL:
    try:
        target = here.join(location)
        host = target.host
    except (httpx2.InvalidURL, ValueError) as error:
        raise WriterError(f"{here.host} points to no valid address.", "Try again later.") from error
    downgraded = target.scheme == "http" and here.scheme == "https"
    into_private = bool(host) and _is_private(host) and not _is_private(here.host)
    if target.scheme not in ("http", "https") or downgraded or into_private:
        raise WriterError(
            f"{here.host} points to an address that is not safe to follow ({target.scheme}://{host}).",
            "If you are in a public network, sign in to it first; else try again later.",
        )
    if not host:
        raise WriterError(f"{here.host} points to no valid address.", "Try again later.")
    return target


def _is_private(host: str) -> bool:
    address = _address(host)
    return address is not None and not address.is_global


def _is_loopback(host: str) -> bool:
    address = _address(host)
    return address is not None and address.is_loopback


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that `host` spells, in any of the ways a system understands: 127.1 and 2130706433 are 127.0.0.1."""
    host = host.strip("[]").rstrip(".").lower()
    if host == "localhost" or host.endswith(".localhost"):
        return ipaddress.IPv4Address("127.0.0.1")
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except (OSError, ValueError):
        return None


def _check_status(response: httpx2.Response, asked: httpx2.URL, *, token: str, was_token_kept: bool) -> None:
    status, name = response.status_code, asked.path.rpartition("/")[2]
    is_page = response.headers.get("content-type", "").startswith(("text/html", "application/xhtml"))
    if status == 511 or (response.is_success and is_page):
        raise WriterError(
            f"A web page came in place of {name}: is this the sign-in page of a network?",
            "Open a browser, sign in, and try again: what has arrived is kept.",
        )
    if status == 416 or response.is_success:
        return
    if status in (401, 403):
        hint = "Accept the model's terms on its page, and set HF_TOKEN to a token of your account."
        if token and was_token_kept:
            hint = "HF_TOKEN was not sent, as this line is not encrypted: begin HF_ENDPOINT with https://."
        who = "this account" if token and not was_token_kept else "everybody"
        raise RefusalError(f"{asked.host} does not let {who} have {name}.", hint, status)
    if status in (404, 410):
        raise RefusalError(f"{asked.host} does not have {name}.", "Check the model's name and revision.", status)
    if status == 407:
        raise _proxy_failure(_proxy_of(response.request.url), response.request.url.host)
    if status == 429 or status >= 500:
        raise TryAgain(f"{asked.host} is busy ({status})", _wait_s(response.headers.get("retry-after")))
    raise RefusalError(f"{asked.host} refused the request for {name} ({status}).", "Try again later.", status)


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
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=datetime.UTC)
        return max(0.0, (moment - datetime.datetime.now(datetime.UTC)).total_seconds())
    except (ValueError, OverflowError):
        return None
