import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from typing import Any

import pytest

from tests.document.child import NOBODY, run_in_child
from writer.document.files.process import Fate, Process

ME = Process.current()


def test_a_process_knows_itself_at_any_time_and_after_being_written_down() -> None:
    assert Process.current() == ME
    assert ME.pid == os.getpid()
    assert ME.host
    assert ME.user
    again = Process.from_json(json.loads(json.dumps(ME.to_json())) | {"unknown": 1})
    assert again == ME
    assert ME.fate_of(again) is Fate.RUNS


def test_the_number_of_the_computer_is_not_given_away() -> None:
    try:
        with open("/etc/machine-id") as file:
            machine = file.read().strip()
    except OSError:
        assert ME.machine == ""
    else:
        assert machine == "" or (ME.machine and ME.machine not in machine)


def test_the_fate_of_a_child() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    with open(f"/proc/{child.pid}/stat") as file:
        started = float(file.read().rpartition(")")[2].split()[19])
    process = replace(ME, pid=child.pid, started=started)
    assert ME.fate_of(process) is Fate.RUNS
    assert run_in_child(lambda: Process.current().fate_of(process), user=NOBODY) is Fate.RUNS
    assert ME.fate_of(replace(process, started=started - 1)) is Fate.ENDED
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert ME.fate_of(process) is Fate.ENDED  # a zombie
    child.communicate()
    assert ME.fate_of(process) is Fate.ENDED


def test_where_there_are_no_process_files_the_system_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    me = Process.current()
    assert abs(me.started - time.time()) < 10**6
    assert me.fate_of(me) is Fate.RUNS
    assert me.fate_of(replace(me, started=me.started - 1)) is Fate.ENDED
    child = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert me.fate_of(replace(me, pid=child.pid)) is Fate.ENDED
    child.communicate()


@pytest.mark.parametrize(
    ("changed", "fate"),
    [
        ({"host": "elsewhere"}, Fate.UNKNOWN),
        ({"host": "elsewhere", "boot": "another"}, Fate.UNKNOWN),
        ({"machine": "another", "boot": "another"}, Fate.UNKNOWN),
        ({"namespace": "another"}, Fate.UNKNOWN),
        ({"boot": "another"}, Fate.ENDED),
        ({"boot": "another", "namespace": "another"}, Fate.ENDED),
        ({"started": 1.0}, Fate.ENDED),
        ({"pid": 2**32 - 1}, Fate.ENDED),
        ({"user": "somebody else"}, Fate.RUNS),
    ],
    ids=str,
)
def test_the_fate_of_others(changed: dict[str, Any], fate: Fate) -> None:
    assert ME.fate_of(replace(ME, **changed)) is fate


@pytest.mark.parametrize(
    "changed",
    [
        {"pid": 0},
        {"pid": -5},
        {"pid": 2**32},
        {"pid": True},
        {"pid": 1.0},
        {"pid": None},
        {"started": "1"},
        {"started": -1},
        {"started": float("nan")},
        {"started": 10**400},
        {"started": True},
        {"host": None},
        {"user": 5},
        {"boot": []},
    ],
    ids=lambda changed: str(changed)[:30],
)
def test_what_describes_no_process_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"^(no|a) "):
        Process.from_json(ME.to_json() | changed)
