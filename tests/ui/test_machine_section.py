"""Where models run and on how many threads: what is shown of it, and what a writer can choose."""

from dataclasses import replace

import pytest
from PySide6.QtWidgets import QComboBox, QSpinBox
from pytestqt.qtbot import QtBot

from writer.engine.devices import DeviceReport, OfferedDevice
from writer.engine.threads import ThreadChoice, most_threads
from writer.ui.machine_section import MachineSection, machine_text

CPU_ONLY = DeviceReport(
    "1.31.1",
    "A processor",
    "x86_64",
    {"AVX2": True},
    "",
    ThreadChoice(2, "one for each of 2 physical cores"),
    4,
    "cpu",
    (
        OfferedDevice("CUDAExecutionProvider", "cuda", False, "There is no card."),
        OfferedDevice("CPUExecutionProvider", "cpu", True, "It runs every model."),
    ),
)
WITH_CUDA = replace(
    CPU_ONLY,
    used="cuda",
    offered=(
        OfferedDevice("CUDAExecutionProvider", "cuda", True, "It runs."),
        OfferedDevice("CPUExecutionProvider", "cpu", False, "It runs the others."),
    ),
)


@pytest.fixture
def section(qtbot: QtBot) -> MachineSection:
    section = MachineSection()
    qtbot.addWidget(section)
    return section


def device(section: MachineSection) -> QComboBox:
    found = section.findChild(QComboBox, "device")
    assert isinstance(found, QComboBox)
    return found


def threads(section: MachineSection) -> QSpinBox:
    found = section.findChild(QSpinBox, "threads")
    assert isinstance(found, QSpinBox)
    return found


def offered(section: MachineSection) -> list[str]:
    box = device(section)
    return [box.itemData(place) for place in range(box.count())]


def test_cuda_is_offered_where_it_can_be_used_or_was_chosen(section: MachineSection) -> None:
    assert offered(section) == ["", "cpu"]
    section.set_report(CPU_ONLY)
    assert offered(section) == ["", "cpu"]
    section.set_choice("cuda", 0)  # on another day, or with another ONNX Runtime
    assert (offered(section), device(section).currentData()) == (["", "cpu", "cuda"], "cuda")
    section.set_choice("cpu", 0)
    assert (offered(section), device(section).currentData()) == (["", "cpu"], "cpu")
    section.set_report(WITH_CUDA)
    assert (offered(section), device(section).currentData()) == (["", "cpu", "cuda"], "cpu")


def test_a_choice_is_told_once_and_only_the_writers_own(section: MachineSection, qtbot: QtBot) -> None:
    told: list[tuple[str, int]] = []
    section.choice_changed.connect(lambda *choice: told.append(choice))
    section.set_report(WITH_CUDA)
    section.set_choice("cpu", 1)
    assert told == []
    assert threads(section).maximum() == most_threads()
    threads(section).setValue(0)
    assert threads(section).text() == "Auto"
    device(section).setCurrentIndex(2)
    device(section).activated.emit(2)
    assert told == [("cpu", 0), ("cuda", 0)]


def test_what_is_said_follows_the_choice() -> None:
    assert "2 threads: one for each of 2 physical cores." in machine_text(CPU_ONLY).splitlines()
    assert "1 thread: chosen here; automatic would be 2, one for each of 2 physical cores." in machine_text(
        CPU_ONLY, "cpu", 1
    )
    for chosen, used in (("", "CUDA"), ("cuda", "CUDA"), ("cpu", "CPU")):
        lines = machine_text(WITH_CUDA, chosen).splitlines()
        assert [line.split(":")[0] for line in lines if "(used)" in line] == [f"{used} (used)"]
    for chosen in ("", "cpu", "cuda"):  # where it cannot be used, choosing it changes nothing
        assert "CPU (used): It runs every model." in machine_text(CPU_ONLY, chosen)
