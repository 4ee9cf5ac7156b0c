"""Models got and built in a process of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from writer.errors import UsageError, WriterError
from writer.models import child
from writer.models.build import BuildFinished, BuildProgress, BuildRequest
from writer.models.child import ChildLimits, build_in_child
from writer.models.download import DownloadProgress
from writer.models.precision import Precision
from writer.models.store import ModelStore
from writer.paths import resources_dir

NO_LIMITS = ChildLimits()
GATE_TEXT = (resources_dir() / "gate" / "alice.txt").read_text(encoding="utf-8")[:20_000]


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "models")


def run(job, *arguments, store, limits=NO_LIMITS):
    return child._run(job, arguments, store, limits)


# -- jobs, which the child imports by name


def crashing() -> Iterator[BuildProgress]:
    yield BuildProgress("Building", 0, 1)
    os.kill(os.getpid(), signal.SIGSEGV)


def hungry() -> Iterator[BuildProgress]:
    yield BuildProgress("Building", 0, 1)
    yield BuildProgress(str(len(bytearray(8 << 30))), 1, 1)


def refusing(usage: bool) -> Iterator[BuildProgress]:
    yield BuildProgress("Building", 0, 1)
    raise (UsageError if usage else WriterError)("This is no model.", "Give another.")


def stuck(marker: Path) -> Iterator[BuildProgress]:
    try:
        yield BuildProgress("Building", 0, 1)
        time.sleep(600)
    finally:
        marker.write_text("tidied up")


def deaf(marker: Path) -> Iterator[BuildProgress]:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    marker.write_text(str(os.getpid()))
    yield BuildProgress("Building", 0, 1)
    time.sleep(600)


def downloading() -> Iterator[DownloadProgress]:
    yield DownloadProgress(1, 2, 0, 0.5, "a note – with a dash")


def test_a_model_is_built_elsewhere(write_gguf, tiny_llama, tmp_path, store):
    source = write_gguf(tmp_path / "tiny.gguf", tiny_llama)
    events = list(build_in_child(BuildRequest(source, "tiny", (Precision.INT8,), GATE_TEXT), store))
    assert isinstance(events[-1], BuildFinished)
    assert events[-1].model.id == "tiny"
    assert {type(event) for event in events[:-1]} == {BuildProgress}
    store.get("tiny").verify()


def test_progress_of_a_download_comes_through(store):
    events = run(downloading, store=store)
    assert next(events) == DownloadProgress(1, 2, 0, 0.5, "a note – with a dash")
    with pytest.raises(WriterError, match="ended without a word"):
        list(events)


@pytest.mark.parametrize("usage", [False, True])
def test_a_refusal_is_the_same_sentence_here(usage, store):
    with pytest.raises(WriterError) as refused:
        list(run(refusing, usage, store=store))
    assert (refused.value.message, refused.value.hint) == ("This is no model.", "Give another.")
    assert isinstance(refused.value, UsageError) is usage


def failing() -> Iterator[BuildProgress]:
    yield BuildProgress("Building", 0, 1)
    raise ZeroDivisionError("a fault of the program's own")


def test_a_fault_of_the_programs_own_is_a_sentence_without_a_traceback(store, capfd):
    with pytest.raises(WriterError, match=r"ZeroDivisionError: a fault of the program's own.*your text is safe"):
        list(run(failing, store=store))
    assert "Traceback" not in capfd.readouterr().err


def test_m03_a_crash_ends_there(store):
    with pytest.raises(WriterError, match="probably damaged"):
        list(run(crashing, store=store))


def test_m22_more_memory_than_the_source_accounts_for_is_refused(store):
    with pytest.raises(WriterError, match="more memory"):
        list(run(hungry, store=store, limits=ChildLimits(memory_bytes=6 << 30)))


def test_a_standstill_is_noticed(store, tmp_path):
    for silence_s in (6, 60):  # a busy machine may not even have begun with the child by then
        with pytest.raises(WriterError, match="does not get on"):
            list(run(stuck, tmp_path / "marker", store=store, limits=ChildLimits(silence_s=silence_s)))
        if (tmp_path / "marker").exists():
            break
    assert (tmp_path / "marker").read_text() == "tidied up"


@pytest.mark.parametrize("job", [stuck, deaf])
def test_giving_up_ends_the_child_within_a_second_or_two(job, store, tmp_path):
    events = run(job, tmp_path / "marker", store=store)
    assert next(events) == next(events), "the last event is repeated while nothing new comes"
    began = time.monotonic()
    events.close()
    assert time.monotonic() - began < 20  # it would go on for ten minutes
    if job is stuck:
        assert (tmp_path / "marker").read_text() == "tidied up"
    else:
        with pytest.raises(ProcessLookupError):
            os.kill(int((tmp_path / "marker").read_text()), 0)


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"nonsense",
        b"[]",
        b'["pickle", {}]',
        b'["build", {"stage": 1}]',
        b'["build", {"stage": [], "done": 0, "total": 1}]',
    ],
)
def test_what_no_child_of_ours_says_is_refused(message, store):
    with pytest.raises((ValueError, KeyError, TypeError)):
        child._decoded(message, store)


def test_a_finished_model_must_exist(store):
    with pytest.raises(WriterError):
        child._decoded(json.dumps(["finished", {"id": "../etc"}]).encode(), store)


def test_memory_is_in_proportion_to_the_source(tmp_path):
    (tmp_path / "a").write_bytes(b"x" * 1000)
    assert ChildLimits.for_source(tmp_path).memory_bytes == 16_000 + (6 << 30)
    assert ChildLimits.for_source(tmp_path / "a") == ChildLimits.for_source(tmp_path)


@pytest.mark.parametrize(
    ("module", "left_out"),
    [("writer.models.child", {"onnx", "onnxruntime", "httpx2"}), ("writer.models.library", {"onnx", "onnxruntime"})],
)
def test_large_libraries_are_loaded_by_those_that_use_them(module: str, left_out: set[str]) -> None:
    """The process that waits is there while the other one measures its weights, and both count."""
    code = f"import sys, {module}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert left_out.isdisjoint(loaded.stdout.split())
