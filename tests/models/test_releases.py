"""Asking for the newest release: one request that gives nothing away, and answers that nobody should send."""

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.models.hub.cases import downloading_threads, recorded_connections
from tests.models.hub_server import HubHandler
from tests.models.release_server import PATH, ReleaseServer, release_server, told
from writer.errors import WriterError
from writer.models.download.releases import ask_newest
from writer.models.download.requests import Limits

AGENT = "Writer/0.1.0"
PATIENT, HURRIED = Limits(answer_s=10, n_redirects=3), Limits(answer_s=0.6)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ReleaseServer]:
    with release_server(tmp_path, monkeypatch) as server:
        yield server


def ask(url: str, limits: Limits = PATIENT) -> str:
    asking = ask_newest(url, AGENT, limits)
    while True:
        try:
            next(asking)
        except StopIteration as end:
            return str(end.value)


def refusal(url: str, limits: Limits = PATIENT) -> str:
    with pytest.raises(WriterError) as caught:
        ask(url, limits)
    assert caught.value.hint
    assert caught.value.message.count(". ") == 0, "one sentence"
    return caught.value.message


def test_one_request_that_says_only_which_writer_asks(server: ReleaseServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    assert ask(server.url) == "v0.2.0"
    [(path, headers)] = server.requests
    assert path == PATH
    assert headers.pop("host")
    assert headers == {
        "user-agent": AGENT,
        "accept": "application/json",
        "accept-encoding": "identity",
        "connection": "keep-alive",
    }


def test_a_redirect_is_followed_without_the_cookie_that_came_with_it(server: ReleaseServer) -> None:
    server.answers = [
        (301, {"location": "/moved", "set-cookie": "who=you; Path=/"}, b""),
        (200, {}, told("0.2.0")),
    ]
    assert ask(server.url) == "0.2.0"
    assert [path for path, _ in server.requests] == [PATH, "/moved"]
    assert not any("cookie" in headers for _, headers in server.requests)


def test_redirects_end(server: ReleaseServer) -> None:
    server.answer(b"", 302, location=PATH)
    assert "in circles" in refusal(server.url)
    assert len(server.requests) == PATIENT.n_redirects + 1


@pytest.mark.parametrize("location", ["http://127.0.0.1/x", "ftp://127.0.0.1/x", "file:///etc/passwd", "//["])
def test_a_redirect_to_what_is_not_safe_is_not_followed(server: ReleaseServer, location: str) -> None:
    server.answer(b"", 302, location=location)
    refusal(server.url)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"v0.2.0"',
        b"{",
        b"\xff\xfe",
        b"[" * 100_000,
        b"[" + b"0," * 100_000 + b"0]",
        b"{}",
        told(None),
        told(2),
        told(["v0.2.0"]),
        told("v" + "9" * 60),
        told("0.2.0\x1b[31m"),
        told("0.2.0\u202e"),
        told("v0.2.0", body="x" * (1 << 20)),
        b" " * (1 << 21),
    ],
)
def test_an_answer_without_sense_is_one_sentence(server: ReleaseServer, body: bytes) -> None:
    server.answer(body)
    assert refusal(server.url) == "The answer does not say which Writer is the newest."


def test_a_web_page_is_no_answer(server: ReleaseServer) -> None:
    server.answer(b"<html>Sign in</html>", content_type="text/html; charset=utf-8")
    assert "sign-in page" in refusal(server.url)


@pytest.mark.parametrize("status", [401, 403, 404, 410, 418])
def test_a_refusal_tells_nothing_of_models_and_tokens(server: ReleaseServer, status: int) -> None:
    server.answer(b"{}", status)
    assert refusal(server.url) == f"127.0.0.1 does not say which Writer is the newest ({status})."


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_server_is_asked_once(server: ReleaseServer, status: int) -> None:
    server.answer(b"{}", status, retry_after="3600")
    began = time.monotonic()
    assert refusal(server.url) == f"It is not known whether there is a newer Writer: 127.0.0.1 is busy ({status})."
    assert time.monotonic() - began < 30  # not an hour
    assert len(server.requests) == 1


@pytest.mark.parametrize("sent", [b"", b'{"tag_name": "v0.', told("v0.2.0")[:-1]])
def test_an_answer_that_never_ends_is_left(server: ReleaseServer, sent: bytes) -> None:
    done = threading.Event()

    def stall(handler: HubHandler, path: str) -> bool:
        handler.send_response(200)
        handler.send_header("content-length", "1000")
        handler.end_headers()
        handler.wfile.write(sent)
        done.wait(120)
        return True

    server._hub.hub_fault = stall
    try:
        began = time.monotonic()
        assert refusal(server.url, HURRIED).startswith("It is not known whether there is a newer Writer")
        assert time.monotonic() - began < 60
    finally:
        done.set()
    assert not downloading_threads()


def test_without_a_line_it_says_so(server: ReleaseServer) -> None:
    assert (
        refusal("https://127.0.0.1:9/x")
        == "It is not known whether there is a newer Writer: 127.0.0.1 cannot be reached."
    )
    assert (
        refusal("https://no-such-host.invalid/x")
        == "It is not known whether there is a newer Writer: no-such-host.invalid cannot be reached."
    )
    assert server.requests == []


def test_n23_a_server_that_cannot_prove_itself_is_told_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with release_server(tmp_path, monkeypatch, "somebody-else.example") as server:
        assert "cannot prove who it is" in refusal(server.url)
        assert server.requests == []


def test_only_a_line_that_nobody_can_read_is_used() -> None:
    with recorded_connections() as connections, pytest.raises(ValueError, match="can be read by anybody"):
        ask("http://127.0.0.1:9/x")
    assert connections == []


def test_whoever_closes_it_ends_the_request(server: ReleaseServer) -> None:
    done = threading.Event()

    def wait(handler: HubHandler, path: str) -> bool:
        done.wait(120)
        return True

    server._hub.hub_fault = wait
    try:
        asking = ask_newest(server.url, AGENT)
        next(asking)
        began = time.monotonic()
        asking.close()
        assert time.monotonic() - began < 20
    finally:
        done.set()
    assert not downloading_threads()


def test_what_a_forge_tells_besides_is_no_trouble(server: ReleaseServer) -> None:
    assets = [{"name": f"writer-{n}.deb", "size": n, "uploader": {"login": "somebody"}} for n in range(50)]
    server.answer(json.dumps({"url": "https://x", "tag_name": "v1.0.0rc1", "assets": assets}).encode())
    assert ask(server.url) == "v1.0.0rc1"
