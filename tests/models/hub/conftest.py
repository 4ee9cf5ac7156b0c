"""A hub with one small model, and where it is to arrive."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.models.hub.cases import CONFIG, CONTENT, HURRIED, REPOSITORY, REVISION, WEIGHTS
from tests.models.hub_server import Hub, serving
from writer.models.download import HubSettings


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The proxies of whoever runs the tests are not these tests' own."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "config.json").write_bytes(CONFIG)
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
