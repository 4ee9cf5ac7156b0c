"""Downloads from a hub that speaks the real protocol, and from one that does not keep to it.

Names carry the ids of the fault matrix (N01 to N26).
"""

import contextlib
import gzip
import hashlib
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.models.hub_server import Hub, HubBlob, HubHandler, serving
from writer.errors import WriterError
from writer.models.catalog import HubFile, HubSource
from writer.models.download import DownloadProgress, HubSettings, fetch_hub
from writer.models.download.requests import Limits

REPOSITORY = "openai-community/tiny"
REVISION = "0123456789" * 4
WEIGHTS = "model.safetensors"
CONTENT = bytes(range(256)) * 12_000  # 3 MB
SOURCE = HubSource(REPOSITORY, REVISION, (HubFile("config.json"), HubFile(WEIGHTS)))
PINNED = HubSource(
    REPOSITORY,
    REVISION,
    (HubFile("config.json"), HubFile(WEIGHTS, len(CONTENT), hashlib.sha256(CONTENT).hexdigest())),
)
HURRIED = Limits(answer_s=0.6, stall_s=0.6, slow_s=0.8, slow_bytes_per_s=1024, backoff_s=0.01, longest_wait_s=0.3)

Script = Callable[[HubHandler, HubBlob, int], bool]


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "config.json").write_text('{"model_type": "gpt2"}')
    (folder / WEIGHTS).write_bytes(CONTENT)
    return folder


@pytest.fixture
def hub(files: Path) -> Iterator[Hub]:
    hub = Hub()
    hub.add(REPOSITORY, REVISION, {path.name: path for path in files.iterdir()})
    yield from serving(hub)


@pytest.fixture
def settings(hub: Hub) -> HubSettings:
    return HubSettings(hub.url, limits=HURRIED)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "sources" / "tiny"


def check_arrived(folder: Path) -> None:
    names = {path.name for path in folder.iterdir()} - {".lock"}
    assert names == {"config.json", WEIGHTS}
    assert (folder / WEIGHTS).read_bytes() == CONTENT


def check_nothing_final(folder: Path) -> None:
    assert not (folder / WEIGHTS).exists()


def downloading_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "download"]


def first_times(n: int, script: Script) -> Script:
    """`script` for the first n requests, a good answer afterwards."""
    left = n

    def fault(handler: HubHandler, blob: HubBlob, begin: int) -> bool:
        nonlocal left
        left -= 1
        return left >= 0 and script(handler, blob, begin)

    return fault


def broken_after(n_bytes: int) -> Script:
    def fault(handler: HubHandler, blob: HubBlob, begin: int) -> bool:
        handler.send_blob(blob, begin, blob.size, n_body=min(n_bytes, blob.size - begin))
        handler.break_off()
        return True

    return fault


def answering(status: int, headers: dict[str, str] | None = None, body: bytes = b"") -> Script:
    def fault(handler: HubHandler, blob: HubBlob, begin: int) -> bool:
        handler.reply(status, headers or {}, body)
        return True

    return fault


# -- the real protocol ---------------------------------------------------------------------------------------------


def test_the_real_client_can_download_from_the_hub_of_these_tests(hub: Hub, tmp_path: Path) -> None:
    code = f"""
import huggingface_hub as h, json
path = h.hf_hub_download({REPOSITORY!r}, {WEIGHTS!r}, revision={REVISION!r}, cache_dir={str(tmp_path / "cache")!r})
folder = h.snapshot_download({REPOSITORY!r}, revision={REVISION!r}, cache_dir={str(tmp_path / "cache2")!r})
print(json.dumps([path, folder]))
"""
    environ = os.environ | {"HF_ENDPOINT": hub.url, "HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
    result = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    path, folder = json.loads(result.stdout)
    assert Path(path).read_bytes() == CONTENT
    assert {p.name for p in Path(folder).iterdir()} == {"config.json", WEIGHTS}


@pytest.mark.parametrize("source", [SOURCE, PINNED], ids=["asked", "pinned"])
def test_a_model_arrives_whole(source: HubSource, hub: Hub, settings: HubSettings, folder: Path) -> None:
    events = list(fetch_hub(source, folder, settings))
    check_arrived(folder)
    assert events[-1].done_bytes == events[-1].total_bytes == len(CONTENT) + 22
    assert all(event.done_bytes <= event.total_bytes for event in events)
    n_before = len(hub.requests)
    list(fetch_hub(source, folder, replace(settings, limits=HURRIED)))
    assert not any(path.endswith("GET") for _, path, _ in hub.requests[n_before:])
    assert hub.sent_bytes[WEIGHTS] == len(CONTENT)


def test_the_users_cache_is_taken_after_a_check(hub: Hub, settings: HubSettings, folder: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    blobs, snapshot = cache / "models--openai-community--tiny" / "blobs", cache / "models--openai-community--tiny"
    snapshot = snapshot / "snapshots" / REVISION
    blobs.mkdir(parents=True)
    snapshot.mkdir(parents=True)
    blob = blobs / hashlib.sha256(CONTENT).hexdigest()
    blob.write_bytes(CONTENT)
    (snapshot / WEIGHTS).symlink_to(blob)
    list(fetch_hub(SOURCE, folder, replace(settings, cache=cache)))
    check_arrived(folder)
    assert not (folder / WEIGHTS).is_symlink()
    assert hub.sent_bytes[WEIGHTS] == 0
    # N22: a truncated one is noticed and fetched anew; offline it is refused.
    shutil.rmtree(folder)
    blob.write_bytes(CONTENT[:-1])
    list(fetch_hub(SOURCE, folder, replace(settings, cache=cache)))
    check_arrived(folder)
    assert hub.sent_bytes[WEIGHTS] == len(CONTENT)
    shutil.rmtree(folder)
    with pytest.raises(WriterError, match="HF_HUB_OFFLINE"):
        list(fetch_hub(PINNED, folder, replace(settings, cache=cache, is_offline=True)))
    check_nothing_final(folder)


def test_the_token_goes_to_the_hub_only(hub: Hub, settings: HubSettings, folder: Path) -> None:
    hub.token = "hf_secret"
    list(fetch_hub(SOURCE, folder, replace(settings, token="hf_secret")))
    check_arrived(folder)
    assert all("authorization" not in headers for server, _, headers in hub.requests if server == "cdn")
    assert any("authorization" in headers for server, _, headers in hub.requests if server == "hub")


# -- faults that pass ----------------------------------------------------------------------------------------------


def _too_long(handler: HubHandler, blob: HubBlob, begin: int) -> bool:
    handler.send_blob(blob, begin, blob.size, headers={"content-length": "", "connection": "close"})
    handler.wfile.write(b"more than there should be")
    handler.break_off()
    return True


def _wrong_bytes(handler: HubHandler, blob: HubBlob, begin: int) -> bool:
    handler.send_response(200)
    handler.send_header("content-length", str(blob.size))
    handler.end_headers()
    handler.wfile.write(b"x" * blob.size)
    return True


def _wrong_range(value: str) -> Script:
    def fault(handler: HubHandler, blob: HubBlob, begin: int) -> bool:
        if not begin:
            return broken_after(1_000_000)(handler, blob, begin)
        handler.send_blob(blob, begin, blob.size, headers={"content-range": value})
        return True

    return fault


def _whole_file(handler: HubHandler, blob: HubBlob, begin: int) -> bool:
    if not begin:
        return broken_after(1_000_000)(handler, blob, begin)
    handler.send_blob(blob, 0, blob.size)
    return True


def _changed_etag(handler: HubHandler, blob: HubBlob, begin: int) -> bool:
    if begin:
        raise AssertionError("If-Range should have brought the whole file")
    if handler.hub.etag_suffix:
        return False
    handler.send_blob(blob, 0, blob.size, n_body=1_500_000)
    handler.hub.etag_suffix = "-new"
    handler.break_off()
    return True


def _packed(handler: HubHandler, blob: HubBlob, begin: int) -> bool:
    packed = gzip.compress(CONTENT[begin:])
    handler.reply(206 if begin else 200, {"content-encoding": "gzip", "connection": "close"}, packed)
    handler.hub.sent_bytes[WEIGHTS] += len(packed)
    handler.break_off()
    return True


def _silent(handler: HubHandler, blob: HubBlob, begin: int) -> bool:
    time.sleep(1.2)
    handler.break_off()
    return True


@pytest.mark.parametrize(
    ("fault", "least_again"),
    [
        pytest.param(first_times(1, broken_after(1_000_000)), 0, id="N01-short-body"),
        pytest.param(first_times(1, _too_long), 0.9, id="N02-long-body"),
        pytest.param(first_times(1, _wrong_bytes), 0, id="N03-wrong-bytes-once"),
        pytest.param(_changed_etag, 0.4, id="N05-etag-changes"),
        pytest.param(first_times(2, _whole_file), 0.3, id="N06-200-in-place-of-206"),
        pytest.param(first_times(2, _wrong_range("bytes */*")), 0.3, id="N07-malformed-range"),
        pytest.param(first_times(2, _wrong_range("bytes 5-9/10")), 0.3, id="N07-wrong-range"),
        pytest.param(first_times(2, _wrong_range("")), 0.3, id="N07-no-range"),
        pytest.param(first_times(1, answering(416)), 0, id="N08-416"),
        pytest.param(first_times(1, answering(429, {"retry-after": "999999999"})), 0, id="N09-endless-wait"),
        pytest.param(first_times(1, answering(429, {"retry-after": "-5"})), 0, id="N09-negative-wait"),
        pytest.param(
            first_times(1, answering(429, {"retry-after": "Fri, 31 Dec 2999 23:59:59 GMT"})), 0, id="N09-date"
        ),
        pytest.param(first_times(3, answering(503)), 0, id="N10-503"),
        pytest.param(first_times(2, answering(500)), 0, id="N10-500"),
        pytest.param(first_times(1, _silent), 0, id="N14-no-headers"),
        pytest.param(first_times(20, broken_after(140_000)), 0, id="N15-twenty-resets"),
        pytest.param(first_times(2, _packed), 0, id="N17-packed"),
    ],
)
def test_a_fault_that_passes_is_overcome(
    fault: Script, least_again: float, hub: Hub, settings: HubSettings, folder: Path
) -> None:
    hub.fault = fault
    events = list(fetch_hub(PINNED, folder, settings))
    check_arrived(folder)
    assert all(event.done_bytes <= event.total_bytes for event in events)
    # Each byte is fetched once, but for what a fault made worthless.
    assert least_again <= hub.sent_bytes[WEIGHTS] / len(CONTENT) - 1 <= max(0.15, least_again + 0.7)
    assert downloading_threads() == []


# -- faults that stay ----------------------------------------------------------------------------------------------


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


def _redirecting(location: str) -> Script:
    return answering(302, {"location": location})


@pytest.mark.parametrize(
    ("fault", "message", "most_requests"),
    [
        pytest.param(broken_after(0), "does not get on", 5, id="N01-nothing-ever"),
        pytest.param(_too_long, "does not get on", 5, id="N02-always-too-long"),
        pytest.param(_wrong_bytes, "SHA-256 is wrong", 2, id="N03-always-wrong"),
        pytest.param(answering(503), "busy", 5, id="N10-always-busy"),
        pytest.param(answering(401), "does not let everybody", 1, id="N11-401"),
        pytest.param(answering(403), "HF_TOKEN", 1, id="N11-403"),
        pytest.param(answering(404), "does not have model.safetensors", 1, id="N11-404"),
        pytest.param(_redirecting("/openai-community/tiny"), "in circles", 6, id="N12-relative-loop"),
        pytest.param(_redirecting("file:///etc/passwd"), "not safe to follow", 1, id="N13-file"),
        pytest.param(_redirecting("ftp://example.com/x"), "not safe to follow", 1, id="N13-ftp"),
        pytest.param(_redirecting("http://a:port/"), "no valid address", 1, id="N13-nonsense"),
        pytest.param(_slow_body, "hardly anything", 1, id="N14-drip"),
        pytest.param(_one_byte_each, "hardly anything", 30, id="N14-one-byte-each"),
        pytest.param(
            answering(200, {"content-type": "text/html"}, b"<html>Welcome to the hotel</html>"),
            "sign-in page",
            1,
            id="N16-captive-portal",
        ),
        pytest.param(_packed, "packed", 5, id="N17-always-packed"),
        pytest.param(_many_headers, "does not get on", 5, id="N24-many-headers"),
        pytest.param(_long_header, "does not get on", 5, id="N24-long-header"),
    ],
)
def test_a_fault_that_stays_ends_in_one_sentence(
    fault: Script, message: str, most_requests: int, hub: Hub, settings: HubSettings, folder: Path
) -> None:
    hub.fault = fault if "circles" not in message else _circle
    began = time.monotonic()
    with pytest.raises(WriterError, match=message) as caught:
        list(fetch_hub(PINNED, folder, settings))
    assert caught.value.hint
    assert time.monotonic() - began < 8
    assert hub.n_requests("cdn") <= most_requests
    check_nothing_final(folder)
    assert downloading_threads() == []


def _circle(handler: HubHandler, blob: HubBlob, begin: int) -> bool:
    return answering(302, {"location": handler.path})(handler, blob, begin)


def test_n13_a_public_host_may_not_lead_to_a_private_one() -> None:
    import httpx2

    from writer.models.download.requests import _redirected

    public = httpx2.URL("https://huggingface.co/x")
    for location in ("https://127.0.0.1/x", "https://10.0.0.8/", "https://[::1]/", "https://localhost/", "http://a.b/"):
        with pytest.raises(WriterError, match="not safe"):
            _redirected(public, location)
    assert str(_redirected(public, "/y")) == "https://huggingface.co/y"
    assert _redirected(public, "https://cdn-lfs.huggingface.co/z").host == "cdn-lfs.huggingface.co"


@pytest.mark.parametrize(
    ("headers", "pinned_is_enough"),
    [
        pytest.param({"x-linked-etag": None, "x-linked-size": None}, True, id="N04-none"),
        pytest.param({"x-linked-etag": '"rubbish"'}, True, id="N04-garbage-etag"),
        pytest.param({"x-linked-size": "many"}, True, id="N04-garbage-size"),
        pytest.param({"x-repo-commit": "f" * 40}, False, id="N04-other-commit"),
    ],
)
def test_n04_a_file_nobody_vouches_for_is_not_fetched(
    headers: dict[str, str | None],
    pinned_is_enough: bool,
    hub: Hub,
    settings: HubSettings,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    original = HubHandler.send_header

    def send_header(self: HubHandler, name: str, value: str) -> None:
        if name in headers and WEIGHTS in self.path:
            value = headers[name] or ""
            if not value:
                return
        original(self, name, value)

    monkeypatch.setattr(HubHandler, "send_header", send_header)
    with pytest.raises(WriterError):
        list(fetch_hub(SOURCE, folder, settings))
    check_nothing_final(folder)
    if pinned_is_enough:
        list(fetch_hub(PINNED, folder, settings))
        check_arrived(folder)


def test_n04_another_hash_than_the_catalogues_is_refused_before_a_byte_is_fetched(
    hub: Hub, settings: HubSettings, folder: Path
) -> None:
    source = replace(SOURCE, files=(HubFile(WEIGHTS, sha256="0" * 64),))
    with pytest.raises(WriterError, match="offers another"):
        list(fetch_hub(source, folder, settings))
    assert hub.sent_bytes[WEIGHTS] == 0


# -- disk ----------------------------------------------------------------------------------------------------------


def test_n18_no_room_is_told_before_anything_is_fetched(
    hub: Hub, settings: HubSettings, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1_000_000))
    with pytest.raises(WriterError, match="needs 3 MB"):
        list(fetch_hub(PINNED, folder, settings))
    assert hub.sent_bytes[WEIGHTS] == 0


def test_n18_a_file_that_may_not_grow_keeps_what_there_is(hub: Hub, folder: Path) -> None:
    """A limit on the size of files stands in for a full disk: the same call fails at the same place."""
    code = f"""
import hashlib, resource, errno, os
from pathlib import Path
from writer.errors import WriterError
from writer.models.catalog import HubFile, HubSource
from writer.models.download import HubSettings, fetch_hub
resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, resource.RLIM_INFINITY))
source = HubSource({REPOSITORY!r}, {REVISION!r}, (HubFile({WEIGHTS!r}),))
try:
    list(fetch_hub(source, Path({str(folder)!r}), HubSettings({hub.url!r})))
except WriterError as error:
    print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
before = {{}}
list(fetch_hub(source, Path({str(folder)!r}), HubSettings({hub.url!r})))
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    assert "could not be stored" in result.stdout
    assert (folder / WEIGHTS).read_bytes() == CONTENT
    assert hub.sent_bytes[WEIGHTS] < 1.6 * len(CONTENT)  # the second run went on from the first


# -- killed --------------------------------------------------------------------------------------------------------

CHILD = f"""
import sys
from pathlib import Path
from writer.models.catalog import HubFile, HubSource
from writer.models.download import HubSettings, fetch_hub
import writer.models.download.transfer as transfer, writer.models.download.hub as hub_module, time
moment = sys.argv[3]
if moment == "hash":
    hub_module.facts.matches = lambda *_: iter([time.sleep(100)])
if moment == "rename":
    transfer.PartFile.publish = lambda *_: time.sleep(100)
source = HubSource({REPOSITORY!r}, {REVISION!r}, (HubFile({WEIGHTS!r}),))
for event in fetch_hub(source, Path(sys.argv[2]), HubSettings(sys.argv[1])):
    print(event.done_bytes, event.note, flush=True)
"""


@pytest.mark.parametrize("moment", ["10", "50", "99", "hash", "rename"])
def test_n19_killed_it_goes_on_where_it_was(moment: str, hub: Hub, settings: HubSettings, folder: Path) -> None:
    percent = int(moment) if moment.isdigit() else 100
    if percent < 100:
        hub.bytes_per_s = 12_000_000

        def stop_there(handler: HubHandler, blob: HubBlob, begin: int) -> bool:
            handler.send_blob(blob, begin, blob.size, n_body=blob.size * percent // 100)
            time.sleep(1.5)
            handler.close_connection = True
            return True

        hub.fault = first_times(1, stop_there)
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, hub.url, str(folder), moment], stdout=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and hub.sent_bytes[WEIGHTS] < len(CONTENT) * percent // 100:
        time.sleep(0.02)
    time.sleep(0.4)
    child.kill()
    child.communicate()
    check_nothing_final(folder)
    before = hub.sent_bytes[WEIGHTS]
    hub.bytes_per_s = 0
    hub.fault = None
    list(fetch_hub(replace(SOURCE, files=SOURCE.files[1:]), folder, settings))
    assert (folder / WEIGHTS).read_bytes() == CONTENT
    assert [path.name for path in folder.iterdir() if path.name != ".lock"] == [WEIGHTS]
    reused = len(CONTENT) - (hub.sent_bytes[WEIGHTS] - before)
    # Synced at each megabyte: of a file this small that is coarse, so the last stretch is allowed for.
    assert reused >= 0.9 * before - (1 << 20)


def test_n19_what_a_power_failure_tore_is_not_trusted(hub: Hub, settings: HubSettings, folder: Path) -> None:
    hub.fault = lambda handler, blob, begin: broken_after(0 if begin else 2_500_000)(handler, blob, begin)
    with pytest.raises(WriterError):
        list(fetch_hub(PINNED, folder, settings))
    part = folder / f"{WEIGHTS}.part"
    state = json.loads((folder / f"{WEIGHTS}.part.json").read_text())
    with part.open("ab") as file:
        file.write(b"\0" * 300_000)  # blocks that were given to the file and never written
    hub.fault = None
    sent = hub.sent_bytes[WEIGHTS]
    list(fetch_hub(PINNED, folder, settings))
    check_arrived(folder)
    assert hub.sent_bytes[WEIGHTS] - sent == len(CONTENT) - state["synced"]


# -- two, none, others ---------------------------------------------------------------------------------------------


def test_n20_two_at_once_fetch_it_once(hub: Hub, settings: HubSettings, folder: Path) -> None:
    hub.bytes_per_s = 6_000_000
    command = [sys.executable, "-c", CHILD, hub.url, str(folder), ""]
    children = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    outputs = [child.communicate(timeout=60)[0] for child in children]
    assert [child.returncode for child in children] == [0, 0]
    assert (folder / WEIGHTS).read_bytes() == CONTENT
    assert hub.sent_bytes[WEIGHTS] == len(CONTENT)
    assert any("Another Writer" in output for output in outputs)


def test_n21_offline_connects_to_nothing_and_says_so_at_once(settings: HubSettings, folder: Path) -> None:
    with recorded_connections() as connections:
        began = time.monotonic()
        with pytest.raises(WriterError, match="HF_HUB_OFFLINE"):
            list(fetch_hub(PINNED, folder, replace(settings, is_offline=True)))
        assert time.monotonic() - began < 1
    assert connections == []


def test_n21_without_a_network_it_gives_up_and_says_why(folder: Path) -> None:
    limits = replace(HURRIED, n_tries=2)
    for endpoint in ("http://127.0.0.1:9", "http://no-such-host.invalid"):
        with pytest.raises(WriterError, match="cannot be reached"):
            list(fetch_hub(PINNED, folder, HubSettings(endpoint, limits=limits)))


_recorders: list[list[Any]] = []


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.connect":
        for recorder in _recorders:
            recorder.append(arguments[1])


@contextlib.contextmanager
def recorded_connections() -> Iterator[list[Any]]:
    if not getattr(_audit, "is_installed", False):
        sys.addaudithook(_audit)
        _audit.is_installed = True  # type: ignore[attr-defined]
    found: list[Any] = []
    _recorders.append(found)
    yield found
    _recorders.remove(found)


@pytest.mark.parametrize("kind", ["self-signed", "expired", "wrong-host", "right"])
def test_n23_certificates_are_checked(
    kind: str, files: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import datetime

    authority = trustme.CA()
    name = "somebody-else.example" if kind == "wrong-host" else "127.0.0.1"
    expiry = datetime.datetime(2001, 1, 1, tzinfo=datetime.UTC) if kind == "expired" else None
    certificate = authority.issue_cert(name, not_after=expiry) if expiry else authority.issue_cert(name)
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


# -- giving up -----------------------------------------------------------------------------------------------------


def _stalls(after_bytes: int | None) -> Script:
    def fault(handler: HubHandler, blob: HubBlob, begin: int) -> bool:
        if after_bytes is not None:
            handler.send_blob(blob, begin, blob.size, n_body=after_bytes)
            handler.wfile.flush()
        for _ in range(60):
            time.sleep(0.05)
        handler.close_connection = True
        return True

    return fault


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(_stalls(None), id="before-headers"),
        pytest.param(_stalls(0), id="before-body"),
        pytest.param(_stalls(1_200_000), id="in-the-body"),
        pytest.param(answering(429, {"retry-after": "3000"}), id="told-to-wait"),
        pytest.param(None, id="while-it-flows"),
    ],
)
def test_n25_cancelling_takes_no_second_and_keeps_what_arrived(fault: Script | None, hub: Hub, folder: Path) -> None:
    hub.fault = fault
    hub.bytes_per_s = 2_000_000
    fetching = fetch_hub(PINNED, folder, HubSettings(hub.url))
    began = time.monotonic()
    event: DownloadProgress | None = None
    while time.monotonic() - began < 0.7:
        event = next(fetching)
    began = time.monotonic()
    fetching.close()  # type: ignore[attr-defined]
    assert time.monotonic() - began < 1
    assert downloading_threads() == []
    check_nothing_final(folder)
    assert event is not None
    kept = (folder / f"{WEIGHTS}.part").stat().st_size
    assert kept >= event.done_bytes - 22
    list(fetch_hub(PINNED, folder, HubSettings(hub.url))) if fault is None else None


def test_n26_the_proxy_of_the_environment_is_used_and_named(
    hub: Hub, settings: HubSettings, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with pytest.raises(WriterError, match=r"proxy http://127\.0\.0\.1:9 "):
        list(fetch_hub(PINNED, folder, settings))
    with listening_proxy(hub) as proxy:
        monkeypatch.setenv("http_proxy", proxy.address)
        list(fetch_hub(PINNED, folder, settings))
        check_arrived(folder)
        assert proxy.n_requests >= 2
    shutil.rmtree(folder)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    list(fetch_hub(PINNED, folder, settings))
    check_arrived(folder)


class _Proxy:
    """Passes on whole requests for http addresses; one connection each."""

    def __init__(self) -> None:
        self.n_requests = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                threading.Thread(target=self._pass_on, args=(connection,), daemon=True).start()

    def _pass_on(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            request = b""
            while b"\r\n\r\n" not in request:
                request += connection.recv(65536)
            self.n_requests += 1
            line, _, rest = request.partition(b"\r\n")
            method, address, version = line.split(b" ")
            host, _, path = address.removeprefix(b"http://").partition(b"/")
            name, _, port = host.partition(b":")
            with socket.create_connection((name.decode(), int(port or 80))) as upstream:
                upstream.sendall(b"%s /%s %s\r\nconnection: close\r\n" % (method, path, version) + rest)
                while piece := upstream.recv(65536):
                    connection.sendall(piece)

    def close(self) -> None:
        self._socket.close()


@contextlib.contextmanager
def listening_proxy(hub: Hub) -> Iterator[_Proxy]:
    proxy = _Proxy()
    yield proxy
    proxy.close()


# -- settings ------------------------------------------------------------------------------------------------------


def test_settings_come_from_the_variables_of_huggingface_hub(tmp_path: Path) -> None:
    home = tmp_path / "hf"
    home.mkdir()
    (home / "token").write_text("hf_from_file\n")
    found = HubSettings.from_environment({"HF_HOME": str(home), "HF_ENDPOINT": "http://mirror/", "HF_HUB_OFFLINE": "1"})
    assert found.endpoint == "http://mirror"
    assert found.token == "hf_from_file"
    assert found.is_offline
    assert found.cache == home / "hub"
    assert "hf_from_file" not in repr(found)
    assert HubSettings.from_environment({"HF_TOKEN": "mine", "HF_HOME": str(home)}).token == "mine"
    with pytest.raises(WriterError, match="HF_ENDPOINT"):
        HubSettings.from_environment({"HF_ENDPOINT": "file:///etc"})
