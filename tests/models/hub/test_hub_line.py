"""What lies between this machine and the hub: no network, certificates, proxies, tokens.

Names carry the ids of the fault matrix.
"""

import datetime
import ssl
import sys
import time
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest
import trustme

from tests.models.hub.cases import (
    HURRIED,
    PINNED,
    REPOSITORY,
    REVISION,
    SOURCE,
    Proxy,
    check_arrived,
    check_nothing_final,
    recorded_connections,
)
from tests.models.hub_server import CDN_HOST, HUB_HOST, Hub, serving
from writer.errors import WriterError
from writer.models.catalog import HubFile
from writer.models.download import HubSettings, fetch_hub
from writer.models.download.requests import _redirected

LINES = HubSettings("http://hub.example", limits=HURRIED)


@pytest.fixture
def far(hub: Hub) -> dict[str, str]:
    """The hub under the name of a host that is not this machine: routes for a proxy."""
    routes = {"hub.example": hub.url.removeprefix("http://"), "cdn.example": hub.cdn_url.removeprefix("http://")}
    hub.cdn_url = "http://cdn.example"
    return routes


# -- where requests may go -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "location",
    [
        "https://127.0.0.1/x",
        "https://10.0.0.8/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://localhost/",
        "https://localhost./",
        "https://a.localhost/",
        "https://127.1/",
        "https://127.0.0.1./",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://0/",
        "http://a.b/",
    ],
)
def test_n13_a_public_host_may_not_lead_to_a_private_one(location: str) -> None:
    with pytest.raises(WriterError, match="not safe"):
        _redirected(httpx2.URL("https://huggingface.co/x"), location)


def test_n13_a_public_host_may_lead_to_another() -> None:
    public = httpx2.URL("https://huggingface.co/x")
    assert str(_redirected(public, "/y")) == "https://huggingface.co/y"
    assert _redirected(public, "https://cdn-lfs.huggingface.co/z").host == "cdn-lfs.huggingface.co"


def test_n13_the_token_goes_to_the_hub_only(hub: Hub, settings: HubSettings, folder: Path) -> None:
    hub.token = "hf_secret"
    list(fetch_hub(SOURCE, folder, replace(settings, token="hf_secret")))
    check_arrived(folder)
    assert all("authorization" not in headers for server, _, headers in hub.requests if server == "cdn")
    assert all("authorization" in headers for server, _, headers in hub.requests if server == "hub")


def test_n13_the_token_does_not_go_over_a_line_that_anybody_can_read(
    hub: Hub, far: dict[str, str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = replace(LINES, token="hf_secret")
    with Proxy(far) as proxy:
        monkeypatch.setenv("http_proxy", proxy.address)
        list(fetch_hub(SOURCE, folder, settings))
        check_arrived(folder)
        hub.token = "hf_secret"
        with pytest.raises(WriterError, match=r"everybody have config\.json\. HF_TOKEN was not sent"):
            list(fetch_hub(SOURCE, folder.with_name("gated"), settings))
    assert hub.requests
    assert not any("authorization" in headers for _, _, headers in hub.requests)


# -- no line -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("asked", [PINNED.files, PINNED.files[1:]], ids=["some-to-be-asked-of", "all-pinned"])
def test_n21_offline_connects_to_nothing_and_says_so_at_once(
    asked: tuple[HubFile, ...], settings: HubSettings, folder: Path
) -> None:
    with recorded_connections() as connections:
        began = time.monotonic()
        with pytest.raises(WriterError, match="HF_HUB_OFFLINE"):
            list(fetch_hub(replace(PINNED, files=asked), folder, replace(settings, is_offline=True)))
        assert time.monotonic() - began < 10
    assert connections == []


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:9", "http://no-such-host.invalid"])
def test_n21_without_a_network_it_gives_up_and_says_why(endpoint: str, folder: Path) -> None:
    with pytest.raises(WriterError, match="cannot be reached"):
        list(fetch_hub(PINNED, folder, HubSettings(endpoint, limits=replace(HURRIED, n_tries=2))))


# -- certificates --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["self-signed", "expired", "wrong-host", "right"])
def test_n23_certificates_are_checked(
    kind: str, files: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    names = ["somebody-else.example"] if kind == "wrong-host" else [HUB_HOST, CDN_HOST]
    expiry = datetime.datetime(2001, 1, 1, tzinfo=datetime.UTC) if kind == "expired" else None
    certificate = authority.issue_cert(*names, not_after=expiry) if expiry else authority.issue_cert(*names)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    trusted = tmp_path / "authority.pem"
    (trustme.CA() if kind == "self-signed" else authority).cert_pem.write_to_path(trusted)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    hub = Hub()
    hub.add(REPOSITORY, REVISION, {path.name: path for path in files.iterdir()})
    running = serving(hub, context)
    next(running)
    try:
        fetching = fetch_hub(SOURCE, folder, HubSettings(hub.url, limits=HURRIED))
        if kind == "right":
            list(fetching)
            check_arrived(folder)
        else:
            with pytest.raises(WriterError, match="certificate"):
                list(fetching)
            assert hub.requests == []
    finally:
        next(running, None)


def test_n23_certificates_that_cannot_be_read_are_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/no/such/file.pem")
    with pytest.raises(WriterError, match="SSL_CERT_FILE"):
        list(fetch_hub(PINNED, folder, HubSettings("https://127.0.0.1:9", limits=HURRIED)))


# -- proxies -------------------------------------------------------------------------------------------------------


def test_n26_the_proxy_of_the_environment_is_used_and_named(
    hub: Hub, settings: HubSettings, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with pytest.raises(WriterError, match=r"proxy http://127\.0\.0\.1:9 "):
        list(fetch_hub(PINNED, folder, settings))
    with Proxy() as proxy:
        monkeypatch.setenv("http_proxy", proxy.address.removeprefix("http://"))
        list(fetch_hub(PINNED, folder, settings))
        check_arrived(folder)
        assert proxy.n_requests >= 2


@pytest.mark.parametrize("bypass", ["127.0.0.1,127.0.0.2", "example.org, 127.0.0.1, .0.0.2", "*"])
def test_n26_no_proxy_is_honoured(
    bypass: str, settings: HubSettings, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", bypass)
    list(fetch_hub(PINNED, folder, settings))
    check_arrived(folder)


@pytest.mark.parametrize(
    ("proxy", "message"),
    [
        pytest.param("socks5://me:secret@127.0.0.1:9", r"socks5://127\.0\.0\.1:9 speaks SOCKS", id="N26-socks"),
        pytest.param("socks://127.0.0.1:9/", r"socks://127\.0\.0\.1:9 is of a kind", id="N26-desktop-socks"),
        pytest.param("gopher://127.0.0.1:9", r"gopher://127\.0\.0\.1:9 is of a kind", id="N26-unknown-scheme"),
        pytest.param("http://a:port", "http://a:port is of a kind", id="N26-no-address"),
    ],
)
def test_n26_a_proxy_that_cannot_be_used_is_named(
    proxy: str, message: str, settings: HubSettings, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "socksio", None)  # whether it is installed here or not
    monkeypatch.setenv("ALL_PROXY", proxy)
    with pytest.raises(WriterError, match=message) as caught:
        list(fetch_hub(PINNED, folder, settings))
    assert "secret" not in str(caught.value)
    # It is in nobody's way where another one is named, or none is wanted.
    with Proxy() as good:
        monkeypatch.setenv("http_proxy", good.address)
        list(fetch_hub(PINNED, folder, settings))
        check_arrived(folder)
    monkeypatch.delenv("http_proxy")
    monkeypatch.setenv("no_proxy", "127.0.0.1,127.0.0.2")
    list(fetch_hub(PINNED, folder.with_name("again"), settings))


@pytest.mark.parametrize("refusal", ["403 Forbidden", "407 Proxy Authentication Required", "502 Bad Gateway"])
def test_n26_a_proxy_that_refuses_to_connect_is_named(
    refusal: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Proxy(refuses=refusal) as proxy:
        monkeypatch.setenv("https_proxy", proxy.address.replace("http://", "http://me:secret@"))
        with pytest.raises(WriterError, match=f"proxy {proxy.address} does not let") as caught:
            list(fetch_hub(PINNED, folder, HubSettings("https://hub.example", limits=HURRIED)))
        assert "hub.example" in str(caught.value)
        assert "secret" not in str(caught.value)
        assert proxy.n_requests == 1
    check_nothing_final(folder)


def test_n26_a_proxy_that_wants_a_password_is_named(
    settings: HubSettings, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Proxy(refuses="407 Proxy Authentication Required") as proxy:
        monkeypatch.setenv("http_proxy", proxy.address)
        with pytest.raises(WriterError, match=f"proxy {proxy.address} does not let"):
            list(fetch_hub(PINNED, folder, settings))
