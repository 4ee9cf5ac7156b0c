"""Full disks, kills, and two at once. Names carry the ids of the fault matrix."""

import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import filelock
import pytest

from tests.models.hub.cases import (
    CONTENT,
    PINNED,
    REPOSITORY,
    REVISION,
    SOURCE,
    WEIGHTS,
    broken_after,
    check_arrived,
    check_nothing_final,
    first_times,
    names_in,
    sent_share,
)
from tests.models.hub_server import Hub, HubBlob, HubHandler
from writer.errors import WriterError
from writer.models.download import HubSettings, fetch_hub

UNDERWAY_BYTES = 1 << 18  # what a kill catches between two syncs and on the line, of a file as small as this
WEIGHTS_ONLY = replace(SOURCE, files=SOURCE.files[1:])
PREAMBLE = f"""
import os, sys, time
from pathlib import Path
from writer.errors import WriterError
from writer.models.catalog import HubFile, HubSource
from writer.models.download import HubSettings, fetch_hub
import writer.models.download.transfer as transfer, writer.models.download.hub as hub_module
source = HubSource({REPOSITORY!r}, {REVISION!r}, (HubFile({WEIGHTS!r}),))
"""


# -- disk ----------------------------------------------------------------------------------------------------------


def test_n18_no_room_is_told_before_anything_is_fetched(
    hub: Hub, settings: HubSettings, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1_000_000))
    with pytest.raises(WriterError, match="needs 53 MB"):
        list(fetch_hub(PINNED, folder, settings))
    assert hub.sent_bytes[WEIGHTS] == 0


def test_n18_a_file_that_may_not_grow_keeps_what_there_is(hub: Hub, folder: Path) -> None:
    """A limit on the size of files, which any user may set, fails the same call at the same place as a full disk."""
    code = f"""{PREAMBLE}
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, resource.RLIM_INFINITY))
try:
    list(fetch_hub(source, Path({str(folder)!r}), HubSettings({hub.url!r})))
except WriterError as error:
    print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
list(fetch_hub(source, Path({str(folder)!r}), HubSettings({hub.url!r})))
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    assert "could not be stored" in result.stdout
    assert (folder / WEIGHTS).read_bytes() == CONTENT
    assert sent_share(hub) < 1.6  # the second run went on from the first


def test_n18_a_disk_that_others_fill_meanwhile_keeps_what_there_is(hub: Hub, tmp_path: Path) -> None:
    """A real file system of 60 MB, in a mount namespace of its own, which vanishes with the process."""
    hub.bytes_per_s = 3_000_000
    disk = tmp_path / "disk"
    disk.mkdir()
    code = f"""{PREAMBLE}
disk = Path({str(disk)!r})
fetching = fetch_hub(source, disk / "tiny", HubSettings({hub.url!r}))
filler = (disk / "filler").open("wb", buffering=0)
try:
    for event in fetching:
        if event.done_bytes > 1_000_000 and not filler.closed:
            try:
                while True:
                    filler.write(bytes(65536))
            except OSError:
                filler.close()
except WriterError as error:
    print(error)
print((disk / "tiny" / ({WEIGHTS!r} + ".part")).stat().st_size)
(disk / "filler").unlink()
list(fetch_hub(source, disk / "tiny", HubSettings({hub.url!r})))
print((disk / "tiny" / {WEIGHTS!r}).stat().st_size, *sorted(p.name for p in (disk / "tiny").iterdir()))
"""
    command = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--user", "--map-root-user"]), "sh", "-c"]
    mount = 'mount -t tmpfs -o size=60m none "$0"'
    if subprocess.run([*command, mount, str(disk)], capture_output=True).returncode:
        pytest.skip("no file system may be mounted here; test_n18_a_file_that_may_not_grow covers a failing write")
    result = subprocess.run(
        [*command, f'{mount} && "$1" -c "$2"', str(disk), sys.executable, code],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert result.returncode == 0, result.stderr
    message, kept, outcome = result.stdout.splitlines()
    assert "The disk became full during the download." in message
    assert int(kept) >= 1_000_000
    size, *names = outcome.split()
    assert int(size) == len(CONTENT)
    assert names == [".lock", ".verified.json", WEIGHTS]
    assert sent_share(hub) < 1.2


# -- killed --------------------------------------------------------------------------------------------------------

CHILD = f"""{PREAMBLE}
import contextlib
moment = sys.argv[3]
if moment == "hash":
    hub_module.facts.matches = lambda *_: iter([time.sleep(100)])
if moment == "rename":
    transfer.PartFile.publish = lambda *_: time.sleep(100)
if moment == "no-locks":
    class FileLock(hub_module.FileLock):
        def _acquire(self):
            raise NotImplementedError("this file system has none")
    hub_module.FileLock = FileLock
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
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and hub.sent_bytes[WEIGHTS] < len(CONTENT) * percent // 100:
        time.sleep(0.02)
    time.sleep(0.4)
    child.kill()
    child.communicate()
    check_nothing_final(folder)
    before = hub.sent_bytes[WEIGHTS]
    hub.bytes_per_s = 0
    hub.fault = None
    list(fetch_hub(WEIGHTS_ONLY, folder, settings))
    assert (folder / WEIGHTS).read_bytes() == CONTENT
    assert names_in(folder) == {WEIGHTS}
    reused = len(CONTENT) - (hub.sent_bytes[WEIGHTS] - before)
    assert reused >= 0.9 * before - UNDERWAY_BYTES


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


@pytest.mark.parametrize(
    "damage",
    [{"synced": -5}, {"synced": 1e400}, {"synced": None}, {"etag": 7}, {"etag": "a\r\nb"}, {"etag": "café"}],
    ids=lambda damage: "N19-" + "-".join(f"{name}-{value}" for name, value in damage.items()).replace("\r\n", "-"),
)
def test_n19_a_damaged_note_does_not_stand_in_the_way(
    damage: dict[str, object], hub: Hub, settings: HubSettings, folder: Path
) -> None:
    hub.fault = lambda handler, blob, begin: broken_after(0 if begin else 2_500_000)(handler, blob, begin)
    with pytest.raises(WriterError):
        list(fetch_hub(PINNED, folder, settings))
    note = folder / f"{WEIGHTS}.part.json"
    note.write_text(json.dumps(json.loads(note.read_text()) | damage))
    hub.fault = None
    list(fetch_hub(PINNED, folder, settings))
    check_arrived(folder)


def test_n19_what_a_kill_left_behind_is_swept_up(hub: Hub, settings: HubSettings, folder: Path) -> None:
    folder.mkdir(parents=True)
    for name in (f"{WEIGHTS}.copy", f"{WEIGHTS}.part.json.new", ".verified.json.new"):
        (folder / name).write_bytes(b"x" * 1000)
    list(fetch_hub(PINNED, folder, settings))
    assert {path.name for path in folder.iterdir()} == {"config.json", WEIGHTS, ".lock", ".verified.json"}


def test_n19_a_copy_in_the_making_is_not_swept_up_by_another_writer(
    hub: Hub, settings: HubSettings, folder: Path
) -> None:
    folder.mkdir(parents=True)
    copy = folder / f"{WEIGHTS}.copy"
    copy.write_bytes(b"x")
    with filelock.FileLock(folder / ".lock"):
        fetching = fetch_hub(PINNED, folder, settings)
        assert "Another Writer" in next(fetching).note
        assert copy.exists()
        fetching.close()  # type: ignore[attr-defined]


# -- two at once ---------------------------------------------------------------------------------------------------


def test_n20_two_at_once_fetch_it_once(hub: Hub, folder: Path) -> None:
    hub.bytes_per_s = 6_000_000
    results = _two_children(hub, folder, "")
    assert [code for code, _, _ in results] == [0, 0]
    assert (folder / WEIGHTS).read_bytes() == CONTENT
    assert sent_share(hub) == 1
    assert any("Another Writer" in output for _, output, _ in results)


def test_n20_two_at_once_without_locks_store_nothing_wrong(hub: Hub, folder: Path) -> None:
    """They may disturb each other; what has its final name is right all the same."""
    hub.bytes_per_s = 6_000_000
    results = _two_children(hub, folder, "no-locks")
    assert all(code == 0 or "writer.errors.WriterError" in errors for code, _, errors in results)
    assert not any("Another Writer" in output for _, output, _ in results)
    if (folder / WEIGHTS).exists():
        assert (folder / WEIGHTS).read_bytes() == CONTENT
    list(fetch_hub(WEIGHTS_ONLY, folder, HubSettings(hub.url)))
    assert (folder / WEIGHTS).read_bytes() == CONTENT


def _two_children(hub: Hub, folder: Path, moment: str) -> list[tuple[int, str, str]]:
    command = [sys.executable, "-c", CHILD, hub.url, str(folder), moment]
    pipe = subprocess.PIPE
    children = [subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) for _ in range(2)]
    outputs = [child.communicate(timeout=60) for child in children]
    return [(child.returncode, *output) for child, output in zip(children, outputs, strict=True)]
