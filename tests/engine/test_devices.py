"""What is told of this machine's devices. The build for CUDA is looked at in test_cuda_environment.py."""

import platform
from pathlib import Path

import onnxruntime as ort
import pytest

from writer.engine import devices
from writer.engine.devices import CPU_PROVIDER, CUDA_PROVIDER, cuda_problem, describe_devices, preferred_device


def test_the_processor_is_used_where_nothing_else_is_offered() -> None:
    report = describe_devices()
    assert report.runtime_version == ort.__version__
    assert report.machine == platform.machine()
    assert report.processor
    assert report.used == preferred_device() == "cpu"
    assert 1 <= report.threads.n_threads <= report.most_threads
    cpu, cuda, *others = report.offered
    assert (cpu.provider, cpu.device, cpu.is_used) == (CPU_PROVIDER, "cpu", True)
    assert (cuda.provider, cuda.device, cuda.is_used) == (CUDA_PROVIDER, "cuda", False)
    assert "make run DEVICE=cuda" in cuda.reason
    assert {cpu.provider, *(other.provider for other in others)} == set(ort.get_available_providers())
    assert not any(other.is_used for other in others)


def test_a_packaged_writer_names_no_command_of_a_checkout(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(devices, "__file__", str(tmp_path / "writer" / "engine" / "devices.py"))
    assert "make" not in cuda_problem()
    assert "without CUDA" in cuda_problem()


def test_every_reason_is_one_sentence_on_one_line() -> None:
    for offered in describe_devices().offered:
        assert offered.reason.endswith(".")
        assert "\n" not in offered.reason


def test_a_card_that_works_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "cuda_problem", lambda: "")
    report = describe_devices()
    assert report.used == "cuda"
    assert [offered.device for offered in report.offered if offered.is_used] == ["cuda"]
    assert "fp16" in report.offered[1].reason


def test_a_missing_driver_is_told_before_anything_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ort, "get_available_providers", lambda: [CUDA_PROVIDER, CPU_PROVIDER])
    monkeypatch.setattr(devices, "_can_load", lambda library: False)
    assert preferred_device() == "cuda"
    assert cuda_problem() == "No NVIDIA driver is installed, so CUDA cannot be used."
