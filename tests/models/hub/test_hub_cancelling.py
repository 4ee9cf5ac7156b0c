"""Giving up at any moment. Names carry the ids of the fault matrix."""

import gc
import logging
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import filelock
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
    check_arrived,
    check_nothing_final,
    downloading_threads,
    stalls,
)
from tests.models.hub_server import Hub, HubHandler
from writer.models.download import DownloadProgress, HubSettings, facts, fetch_hub
from writer.models.download import hub as hub_module
from writer.models.download.background import BackgroundTask

_AT_ONCE_S = 5.0  # a busy machine; what is given up here would last for twenty seconds


def _closing_s(fetching: Iterator[DownloadProgress]) -> float:
    began = time.monotonic()
    fetching.close()  # type: ignore[attr-defined]
    return time.monotonic() - began


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(stalls(None), id="N25-before-headers"),
        pytest.param(stalls(0), id="N25-before-body"),
        pytest.param(stalls(1_200_000), id="N25-in-the-body"),
        pytest.param(answering(429, {"retry-after": "3000"}), id="N25-told-to-wait"),
        pytest.param(None, id="N25-while-it-flows"),
    ],
)
def test_n25_cancelling_takes_no_second_and_keeps_what_arrived(fault: Script | None, hub: Hub, folder: Path) -> None:
    hub.fault = fault
    hub.bytes_per_s = 2_000_000
    fetching = fetch_hub(PINNED, folder, HubSettings(hub.url))
    began = time.monotonic()
    event = next(fetching)
    while time.monotonic() - began < 0.7:
        event = next(fetching)
    assert _closing_s(fetching) < _AT_ONCE_S
    assert downloading_threads() == []
    check_nothing_final(folder)
    kept = (folder / f"{WEIGHTS}.part").stat().st_size
    assert kept >= event.done_bytes - 22
    if fault is None:
        list(fetch_hub(PINNED, folder, HubSettings(hub.url)))
        check_arrived(folder)


def _never_answered(hub: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch) -> HubSettings:
    def fault(handler: HubHandler, path: str) -> bool:
        time.sleep(20)
        handler.close_connection = True
        return True

    hub.hub_fault = fault
    return HubSettings(hub.url)


def _never_looked_up(hub: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch) -> HubSettings:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: time.sleep(20))
    return HubSettings("http://hub.example")


def _never_checked(hub: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch) -> HubSettings:
    def matches(*_: object) -> Iterator[None]:
        while True:
            time.sleep(0.05)
            yield

    folder.mkdir(parents=True)
    (folder / WEIGHTS).write_bytes(b"x")
    monkeypatch.setattr(facts, "matches", matches)
    return HubSettings(hub.url)


def _locked(hub: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch) -> HubSettings:
    def acquire(*_: object, timeout: float) -> None:
        time.sleep(timeout)
        raise filelock.Timeout("")

    monkeypatch.setattr(hub_module.FileLock, "acquire", acquire)
    return HubSettings(hub.url)


@pytest.mark.parametrize(
    ("state", "note"),
    [
        pytest.param(_never_answered, "Asking the hub", id="N25-asking"),
        pytest.param(_never_looked_up, "Asking the hub", id="N25-looking-up-a-name"),
        pytest.param(_never_checked, f"Checking {WEIGHTS}", id="N25-checking"),
        pytest.param(_locked, "Another Writer is fetching this model", id="N25-waiting-for-another"),
    ],
)
def test_n25_cancelling_takes_no_second_in_every_other_state(
    state: Callable[[Hub, Path, pytest.MonkeyPatch], HubSettings],
    note: str,
    hub: Hub,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = replace(PINNED, files=PINNED.files[1:]) if state is _never_checked else SOURCE
    fetching = fetch_hub(source, folder, state(hub, folder, monkeypatch))
    events = [next(fetching) for _ in range(4)]
    assert {event.note for event in events} == {note}
    assert _closing_s(fetching) < _AT_ONCE_S
    assert downloading_threads() == []


def test_n25_nobody_waits_for_a_name_that_is_being_looked_up(folder: Path) -> None:
    """The system's look-up cannot be interrupted; the process ends all the same."""
    code = f"""
import socket, time
from pathlib import Path
from writer.models.catalog import HubFile, HubSource
from writer.models.download import HubSettings, fetch_hub
source = HubSource({REPOSITORY!r}, {REVISION!r}, (HubFile({WEIGHTS!r}),))
socket.getaddrinfo = lambda *_, **__: time.sleep(120)
fetching = fetch_hub(source, Path({str(folder)!r}), HubSettings("http://hub.example"))
for _ in range(4):
    print(next(fetching).note)
fetching.close()
"""
    began = time.monotonic()
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=100)
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("Asking the hub") == 4
    assert result.stderr == ""
    assert time.monotonic() - began < 60


def test_n25_cancelling_between_attempts_that_fail(hub: Hub, folder: Path) -> None:
    hub.fault = answering(503)
    for n_events in range(1, 6):
        fetching = fetch_hub(PINNED, folder, HubSettings(hub.url, limits=replace(HURRIED, n_tries=50, backoff_s=0.02)))
        for _ in range(n_events):
            next(fetching)
        assert _closing_s(fetching) < _AT_ONCE_S
        assert downloading_threads() == []


def test_n25_an_error_nobody_waits_for_any_more_is_not_reported(caplog: pytest.LogCaptureFixture) -> None:
    async def work() -> None:
        raise ValueError

    with caplog.at_level(logging.DEBUG):
        task = BackgroundTask(work())
        time.sleep(0.1)
        task.cancel()
        del task
        gc.collect()
    assert "never retrieved" not in caplog.text
