"""Faults that stay end in one sentence, soon, and with nothing under a final name.

Names carry the ids of the fault matrix.
"""

import contextlib
import gzip
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.models.hub.cases import (
    HURRIED,
    PINNED,
    REPOSITORY,
    REVISION,
    SOURCE,
    WEIGHTS,
    Script,
    answering,
    broken_after,
    check_nothing_final,
    downloading_threads,
    fetched,
    hub_answering,
    names_in,
    sent_share,
    too_long,
    wrong_bytes,
    wrong_range,
)
from tests.models.hub_server import Hub, HubBlob, HubFault, HubHandler
from writer.errors import WriterError
from writer.models.catalog import HubFile, HubSource
from writer.models.download import HubSettings
from writer.models.download.listing import list_repository

PAGE = b"<html>Welcome to the hotel</html>"


def _slow_body(handler: HubHandler, blob: HubBlob, begin: int) -> bool:
    handler.send_blob(blob, begin, blob.size, n_body=0)
    with contextlib.suppress(OSError):
        for _ in range(30):
            handler.wfile.write(b"\0")
            handler.wfile.flush()
            time.sleep(0.1)
    return True


def _one_byte_each(handler: HubHandler, blob: HubBlob, begin: int) -> bool:
    time.sleep(0.05)
    return broken_after(1)(handler, blob, begin)


def _many_headers(handler: HubHandler, blob: HubBlob, begin: int) -> bool:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n" + b"".join(b"x-%d: y\r\n" % i for i in range(20_000)) + b"\r\n")
    handler.close_connection = True
    return True


def _long_header(handler: HubHandler, blob: HubBlob, begin: int) -> bool:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nx: " + b"y" * 1_000_000 + b"\r\n\r\n")
    handler.close_connection = True
    return True


def _packed(handler: HubHandler, blob: HubBlob, begin: int) -> bool:
    return answering(200, {"content-encoding": "gzip"}, gzip.compress(b"x"))(handler, blob, begin)


def _redirecting(location: str) -> Script:
    return answering(302, {"location": location})


def _circle(handler: HubHandler, blob: HubBlob, begin: int) -> bool:
    return _redirecting(handler.path)(handler, blob, begin)


def _absolute_circle(handler: HubHandler, blob: HubBlob, begin: int) -> bool:
    return _redirecting(f"{handler.hub.cdn_url}{handler.path}")(handler, blob, begin)


def _breaks_and_lies(handler: HubHandler, blob: HubBlob, begin: int) -> bool:
    """A line that breaks each megabyte, and a server that does not know what it sent."""
    fault = wrong_range("bytes 7-9/10") if begin else broken_after(1_000_000)
    return fault(handler, blob, begin)


def _a_little_further() -> Script:
    """The same, but each time a little more arrives."""
    lengths: Iterator[int] = iter(range(1_000_000, 3_000_000, 20_000))

    def fault(handler: HubHandler, blob: HubBlob, begin: int) -> bool:
        return (wrong_range("") if begin else broken_after(next(lengths)))(handler, blob, begin)

    return fault


@pytest.mark.parametrize(
    ("fault", "message", "most_requests"),
    [
        pytest.param(broken_after(0), "does not get on", 5, id="N01-nothing-ever"),
        pytest.param(too_long, "does not get on", 5, id="N02-always-too-long"),
        pytest.param(wrong_bytes, "SHA-256 is wrong", 2, id="N03-always-wrong"),
        pytest.param(_breaks_and_lies, "does not get on", 5, id="N07-breaks-and-lies"),
        pytest.param(_a_little_further(), "does not get on", 30, id="N07-breaks-and-lies-a-little-further-each-time"),
        pytest.param(answering(416), "has changed", 5, id="N08-always-416"),
        pytest.param(answering(503), "busy", 5, id="N10-always-busy"),
        pytest.param(answering(401), "does not let everybody", 1, id="N11-401"),
        pytest.param(answering(403), "HF_TOKEN", 1, id="N11-403"),
        pytest.param(answering(404), "does not have model.safetensors", 1, id="N11-404"),
        pytest.param(_circle, "in circles", 6, id="N12-relative-loop"),
        pytest.param(_absolute_circle, "in circles", 6, id="N12-absolute-loop"),
        pytest.param(answering(302), r"refused the request for .* \(302\)", 1, id="N12-302-to-nowhere"),
        pytest.param(answering(304), r"refused the request for .* \(304\)", 1, id="N12-304"),
        pytest.param(_redirecting("file:///etc/passwd"), "not safe to follow", 1, id="N13-file"),
        pytest.param(_redirecting("ftp://example.com/x"), "not safe to follow", 1, id="N13-ftp"),
        pytest.param(_redirecting("http://a:port/"), "no valid address", 1, id="N13-nonsense"),
        pytest.param(_redirecting("https:///x"), "no valid address", 1, id="N13-no-host"),
        pytest.param(_slow_body, "hardly anything", 1, id="N14-drip"),
        pytest.param(_one_byte_each, "hardly anything", 30, id="N14-one-byte-each"),
        pytest.param(answering(200, {"content-type": "text/html"}, PAGE), "sign-in page", 1, id="N16-captive-portal"),
        pytest.param(answering(511), "sign-in page", 1, id="N16-511"),
        pytest.param(_packed, "packed", 5, id="N17-always-packed"),
        pytest.param(_many_headers, "does not get on", 5, id="N24-many-headers"),
        pytest.param(_long_header, "does not get on", 5, id="N24-long-header"),
    ],
)
def test_a_fault_that_stays_ends_in_one_sentence(
    fault: Script, message: str, most_requests: int, hub: Hub, settings: HubSettings, folder: Path
) -> None:
    hub.fault = fault
    began = time.monotonic()
    with pytest.raises(WriterError, match=message) as caught:
        fetched(PINNED, folder, settings)
    assert caught.value.hint
    assert time.monotonic() - began < 30
    assert hub.n_requests("cdn") <= most_requests
    assert sent_share(hub) < 4.1  # three times and a bit, and the attempt that was under way
    check_nothing_final(folder)
    assert downloading_threads() == []


@pytest.mark.parametrize(
    ("fault", "message", "n_requests"),
    [
        pytest.param(hub_answering(401, name="config.json"), "does not let everybody", 1, id="N11-hub-401-asking"),
        pytest.param(hub_answering(403, name="config.json"), "HF_TOKEN", 1, id="N11-hub-403-asking"),
        pytest.param(hub_answering(404, name="config.json"), "not have config.json", 1, id="N11-hub-404-asking"),
        pytest.param(hub_answering(401, name=WEIGHTS, methods="GET"), "does not let everybody", 1, id="N11-hub-401"),
        pytest.param(hub_answering(403, name=WEIGHTS, methods="GET"), "HF_TOKEN", 1, id="N11-hub-403"),
        pytest.param(hub_answering(404, name=WEIGHTS, methods="GET"), f"not have {WEIGHTS}", 1, id="N11-hub-404"),
        pytest.param(hub_answering(302, name="config.json"), r"\(302\)", 1, id="N12-hub-302-to-nowhere"),
        pytest.param(hub_answering(307, {"location": "?again"}), "in circles", 6, id="N12-hub-relative-loop"),
        pytest.param(
            hub_answering(200, {"content-type": "text/html; charset=utf-8"}, PAGE, methods="HEAD"),
            "in place of config.json: is this the sign-in page",
            1,
            id="N16-portal-asking",
        ),
        pytest.param(
            hub_answering(200, {"content-type": "text/html"}, PAGE, name="config.json", methods="GET"),
            "in place of config.json: is this the sign-in page",
            1,
            id="N16-portal-getting-config",
        ),
    ],
)
def test_a_fault_of_the_hub_itself_ends_in_one_sentence(
    fault: HubFault, message: str, n_requests: int, hub: Hub, settings: HubSettings, folder: Path
) -> None:
    seen: list[str] = []

    def counted(handler: HubHandler, path: str) -> bool:
        seen.append(path)  # before the answer, which the client may act upon at once
        is_answered = fault(handler, path)
        if not is_answered:
            seen.remove(path)
        return is_answered

    hub.hub_fault = counted
    with pytest.raises(WriterError, match=message) as caught:
        fetched(SOURCE, folder, settings)
    assert caught.value.hint
    assert len(seen) == n_requests
    check_nothing_final(folder)


def test_n03_of_wrong_bytes_nothing_is_kept(hub: Hub, settings: HubSettings, folder: Path) -> None:
    hub.fault = wrong_bytes
    with pytest.raises(WriterError, match="twice in a row"):
        fetched(PINNED, folder, settings)
    assert names_in(folder) == {"config.json"}


def test_n14_a_few_bytes_and_a_break_again_and_again_are_noticed(hub: Hub, folder: Path) -> None:
    """Each time something new arrives, quickly; it is the waits between that make it last for ever."""
    hub.fault = broken_after(10)
    limits = replace(HURRIED, backoff_s=0.1)
    with pytest.raises(WriterError, match="hardly anything"):
        fetched(PINNED, folder, HubSettings(hub.url, limits=limits))
    assert hub.n_requests("cdn") < 30


def test_n17_a_bomb_is_not_unpacked(hub: Hub, folder: Path) -> None:
    bomb = gzip.compress(bytes(300_000_000), 9)
    assert len(bomb) < 500_000
    hub.fault = answering(200, {"content-encoding": "gzip"}, bomb)
    code = f"""
import resource, sys
from pathlib import Path
from writer.errors import WriterError
from writer.models.catalog import HubFile, HubSource
from writer.models.download import HubSettings, fetch_hub
from writer.models.download.listing import list_repository
from writer.models.download.requests import Limits
source = HubSource({REPOSITORY!r}, {REVISION!r}, (HubFile({WEIGHTS!r}),))
settings = HubSettings({hub.url!r}, limits=Limits(backoff_s=0.01))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    list(fetch_hub(source, Path({str(folder)!r}), settings))
except WriterError as error:
    print(error)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    message, grown_mb = result.stdout.splitlines()
    assert "packed the file" in message
    assert int(grown_mb) < 40
    check_nothing_final(folder)


@pytest.mark.parametrize(
    ("name", "size_bytes"),
    [
        pytest.param("config.json", 1_000_000_000, id="N24-giant-config"),
        pytest.param("merges.txt", 17_000_000, id="N24-giant-text"),
        pytest.param("tokenizer.json", 65_000_000, id="N24-giant-tokenizer"),
    ],
)
def test_n24_a_hub_cannot_make_a_small_file_a_giant(
    name: str, size_bytes: int, hub: Hub, settings: HubSettings, folder: Path
) -> None:
    facts = {"x-linked-etag": f'"{"0" * 64}"', "x-linked-size": str(size_bytes), "location": f"{hub.cdn_url}/x"}
    facts["x-repo-commit"] = REVISION
    hub.hub_fault = hub_answering(302, facts, name=name)
    with pytest.raises(WriterError, match="which cannot be right"):
        fetched(HubSource(REPOSITORY, REVISION, (HubFile(name),)), folder, settings)
    assert hub.n_requests("cdn") == 0


def test_n24_a_list_of_files_without_end_is_not_read_to_the_end(hub: Hub, settings: HubSettings) -> None:
    n_sent = 0

    def endless(handler: HubHandler, _: str) -> bool:
        nonlocal n_sent
        handler.send_response(200)
        handler.send_header("content-type", "application/json")
        handler.send_header("connection", "close")
        handler.end_headers()
        while n_sent < 200_000_000:
            handler.wfile.write(b"[" * 1_000_000)
            n_sent += 1_000_000
        handler.break_off()
        return True

    hub.hub_fault = endless
    with pytest.raises(WriterError, match="far too long"):
        list(list_repository(REPOSITORY, settings))
    assert n_sent < 100_000_000
