"""What this machine has to run models on, what is used of it, and the writer's own choice."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from writer.engine.devices import DeviceReport
from writer.engine.threads import most_threads
from writer.ui.labels import plain_label
from writer.ui.option_rows import NumberField, drop_down
from writer.ui.theme import SPACE

AUTOMATIC = ""
_DEVICES = {AUTOMATIC: "Automatic", "cpu": "The processor", "cuda": "CUDA"}
_DEVICE_TIP = "Where the model runs. Automatic takes CUDA if it can be used, and else the processor."
_THREADS_TIP = "How many threads the model computes on. Auto is one for each core that Writer may use."


class MachineSection(QWidget):
    """Shows a DeviceReport, and lets the writer choose otherwise."""

    choice_changed = Signal(str, int)  # a device, "" for automatic; threads, 0 for automatic

    def __init__(self) -> None:
        super().__init__()
        self._report: DeviceReport | None = None
        self._text = plain_label("machine", "muted", is_selectable=True)
        self._text.setText("Looking…")
        self._device = drop_down("device", "Runs on", _DEVICE_TIP)
        self._device.activated.connect(lambda _place: self._on_changed())
        self._threads = NumberField("threads", "Threads", _THREADS_TIP, 0, most_threads())
        self._threads.box.setSpecialValueText("Auto")
        self._threads.value_changed.connect(lambda _value: self._on_changed())
        row = QHBoxLayout()
        row.addWidget(QLabel("Runs on"), 1)
        row.addWidget(self._device)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE.s)
        layout.addWidget(self._text)
        layout.addLayout(row)
        layout.addWidget(self._threads)
        self._offer(AUTOMATIC)

    @property
    def is_described(self) -> bool:
        return self._report is not None

    @property
    def stops(self) -> tuple[QWidget, ...]:
        """What the Tab key stops at, from top to bottom."""
        return self._device, self._threads.box

    def set_report(self, report: DeviceReport) -> None:
        self._report = report
        self._offer(self._device.currentData())
        self._show_text()

    def set_choice(self, device: str, n_threads: int) -> None:
        """As in `choice_changed`."""
        self._threads.set_value(n_threads)
        self._offer(device)
        self._show_text()

    def _offer(self, chosen: str) -> None:
        """CUDA where it can be used, or was chosen when it could be."""
        has_cuda = chosen == "cuda" or (self._report is not None and self._report.used == "cuda")
        self._device.clear()
        for device, text in _DEVICES.items():
            if device != "cuda" or has_cuda:
                self._device.addItem(text, device)
        self._device.setCurrentIndex(max(0, self._device.findData(chosen)))

    def _show_text(self) -> None:
        if self._report is not None:
            self._text.setText(machine_text(self._report, self._device.currentData(), self._threads.box.value()))

    def _on_changed(self) -> None:
        self._show_text()
        self.choice_changed.emit(self._device.currentData(), self._threads.box.value())


def machine_text(report: DeviceReport, device: str = AUTOMATIC, n_threads: int = 0) -> str:
    """The processor, what is used of it, and what else there is."""
    sets = [name for name, has_it in report.instruction_sets.items() if has_it]
    own, automatic = n_threads, report.threads.n_threads
    reason = f"chosen here; automatic would be {automatic}, {report.threads.reason}" if own else report.threads.reason
    shown = own or automatic
    lines = [
        " · ".join([report.processor, *sets]),
        f"{shown} thread{'s' if shown != 1 else ''}: {reason}.",
    ]
    for offered in report.offered:
        name = offered.provider.removesuffix("ExecutionProvider")
        is_used = offered.is_used if device == AUTOMATIC or report.used == "cpu" else offered.device == device
        lines.append(f"{name}{' (used)' if is_used else ''}: {offered.reason}")
    if report.note:
        lines.append(report.note)
    return "\n".join(lines)
