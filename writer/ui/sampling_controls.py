"""The rows of the sampling panel: one widget for each kind of control, made from GenerationConfig's metadata."""

import dataclasses
import re
from dataclasses import dataclass
from typing import Any, Protocol

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QDoubleSpinBox,
    QGridLayout,
    QLabel,
    QLineEdit,
    QSlider,
    QSpinBox,
    QWidget,
)

from writer.engine.config import GenerationConfig
from writer.ui.growing_field import GrowingField
from writer.ui.theme import SPACE

_FIELD_WIDTH = 84


class Row(Protocol):
    """What the panel needs of a row. `value_changed` is emitted for the writer's own changes only."""

    @property
    def value_changed(self) -> Any: ...

    def set_value(self, value: Any) -> None: ...


@dataclass(frozen=True)
class NumberView:
    """How a number is shown. The slider covers the range of use; the box beside it takes all the bounds allow."""

    slider_low: float
    slider_high: float
    step: float
    decimals: int = 0


VIEWS = {
    "max_new_tokens": NumberView(10, 500, 10),
    "temperature": NumberView(0, 2, 0.05, 2),
    "top_k": NumberView(0, 200, 5),
    "top_p": NumberView(0, 1, 0.01, 2),
    "min_p": NumberView(0, 0.5, 0.01, 2),
    "repetition_penalty": NumberView(1, 2, 0.01, 2),
    "epsilon_cutoff": NumberView(0, 0.01, 0.0001, 4),
    "eta_cutoff": NumberView(0, 0.01, 0.0001, 4),
    "penalty_range": NumberView(0, 1024, 32),
}
_FRACTION = NumberView(0, 1, 0.05, 2)
_COUNT = NumberView(0, 100, 1)
_WHEN_COUNTED = (
    " It counts only for Continue and takes, and only while “While you write” says “For the length in tokens”."
    " Ghost text ends by itself."
)
_NOTES = {"max_new_tokens": _WHEN_COUNTED, "min_new_tokens": _WHEN_COUNTED}


def tooltip(field: "dataclasses.Field[Any]") -> str:
    """What the control does in a writer's words, and its technical name second."""
    return f"<p>{_help(field)}</p><p><i>{field.name}</i></p>"


def _help(field: "dataclasses.Field[Any]") -> str:
    """The engine's words, and what only the window knows."""
    return f"{field.metadata['help']}{_NOTES.get(field.name, '')}"


def make_row(field: "dataclasses.Field[Any]") -> "NumberRow | SeedRow | TextsRow":
    """The row for one field of GenerationConfig, by the kind of its default."""
    if isinstance(field.default, tuple):
        return BiasRow(field) if field.name == "logit_bias" else TextsRow(field)
    if field.default is None:
        return SeedRow(field)
    return NumberRow(field)


class _LabelledRow(QWidget):
    """A label at the left, a field at the right, what else there is below."""

    def __init__(self, field: "dataclasses.Field[Any]") -> None:
        super().__init__()
        self.name = field.name
        self.label = QLabel(field.metadata["title"])
        self.grid = QGridLayout(self)
        self.grid.setContentsMargins(0, 0, 0, 0)
        self.grid.setHorizontalSpacing(SPACE.s)
        self.grid.setVerticalSpacing(2)
        self.grid.setColumnStretch(0, 1)
        self.grid.addWidget(self.label, 0, 0)
        self.setToolTip(tooltip(field))

    def _describe(self, widget: QWidget, field: "dataclasses.Field[Any]", role: str = "") -> None:
        widget.setObjectName(f"{field.name}{role}")
        widget.setAccessibleName(field.metadata["title"])
        widget.setAccessibleDescription(f"{_help(field)} ({field.name})")


class NumberRow(_LabelledRow):
    """A number in a box; a main control has a slider too."""

    value_changed = Signal(object)

    def __init__(self, field: "dataclasses.Field[Any]") -> None:
        super().__init__(field)
        whole = isinstance(field.default, int)
        self._view = VIEWS.get(field.name, _COUNT if whole else _FRACTION)
        self.box: QSpinBox | QDoubleSpinBox
        if whole:
            self.box = box = QSpinBox()
            box.setRange(int(field.metadata["low"]), int(field.metadata["high"]))
            box.setSingleStep(int(self._view.step))
            box.setGroupSeparatorShown(True)
        else:
            self.box = real = QDoubleSpinBox()
            real.setDecimals(self._view.decimals)
            real.setRange(field.metadata["low"], field.metadata["high"])
            real.setSingleStep(self._view.step)
        self.box.setFixedWidth(_FIELD_WIDTH)
        self.box.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.box.setKeyboardTracking(False)  # half-typed numbers are no settings
        self.box.valueChanged.connect(self._on_box_changed)
        self.box.lineEdit().setTextMargins(0, 0, SPACE.xs, 0)  # a spin box drops the style sheet's right padding
        self._describe(self.box, field)
        self.label.setBuddy(self.box)
        self.grid.addWidget(self.box, 0, 1)
        self.slider: QSlider | None = None
        if field.metadata["main"]:
            self.slider = QSlider(Qt.Orientation.Horizontal)
            self.slider.setRange(0, self._ticks(self._view.slider_high))
            self.slider.setPageStep(max(1, self.slider.maximum() // 10))
            self.slider.valueChanged.connect(self._on_slider_changed)
            self._describe(self.slider, field, "Slider")
            self.grid.addWidget(self.slider, 1, 0, 1, 2)

    def set_value(self, value: float) -> None:
        with QSignalBlocker(self.box):
            self.box.setValue(value)  # type: ignore[arg-type]  # an int for the box of ints
        self._place_slider(value)

    def _ticks(self, value: float) -> int:
        return round((value - self._view.slider_low) / self._view.step)

    def _place_slider(self, value: float) -> None:
        if self.slider:
            with QSignalBlocker(self.slider):
                self.slider.setValue(self._ticks(value))  # beyond its range it stands at the end

    def _on_box_changed(self, value: float) -> None:
        self._place_slider(value)
        self.value_changed.emit(value)

    def _on_slider_changed(self, ticks: int) -> None:
        value = self._view.slider_low + ticks * self._view.step
        self.box.setValue(value if isinstance(self.box, QDoubleSpinBox) else round(value))  # type: ignore[arg-type]


class SeedRow(_LabelledRow):
    """An optional whole number: empty is None. Larger than a spin box of Qt can hold."""

    value_changed = Signal(object)

    def __init__(self, field: "dataclasses.Field[Any]") -> None:
        super().__init__(field)
        self._high = int(field.metadata["high"])
        self.edit = QLineEdit()
        self.edit.setPlaceholderText("New each time")
        self.edit.setFixedWidth(2 * _FIELD_WIDTH)
        self.edit.setClearButtonEnabled(False)
        self.edit.textEdited.connect(self._on_edited)
        self._describe(self.edit, field)
        self.label.setBuddy(self.edit)
        self.grid.addWidget(self.edit, 0, 1)

    def set_value(self, value: int | None) -> None:
        self.edit.setText("" if value is None else str(value))

    def _on_edited(self, text: str) -> None:
        digits = re.sub(r"\D", "", text, flags=re.ASCII).lstrip("0") or ("0" if "0" in text else "")
        value = min(int(digits), self._high) if digits else None
        if text != (kept := "" if value is None else str(value)):
            self.edit.setText(kept)
        self.value_changed.emit(value)


class TextsRow(_LabelledRow):
    r"""Several texts, one a line. `\n`, `\t` and `\\` stand for a line break, a tab and a backslash."""

    value_changed = Signal(object)
    how = "One on each line; \\n is a line break"

    def __init__(self, field: "dataclasses.Field[Any]") -> None:
        super().__init__(field)
        self.edit = GrowingField(field.name, field.metadata["title"], self.how, "", fewest_lines=2)
        self.edit.textChanged.connect(self._on_text_changed)
        self._describe(self.edit, field)
        self.label.setBuddy(self.edit)
        self.fault = QLabel()
        self.fault.setProperty("role", "danger")
        self.fault.setTextFormat(Qt.TextFormat.PlainText)
        self.fault.setWordWrap(True)
        self.fault.hide()
        self.grid.addWidget(self.edit, 1, 0, 1, 2)
        self.grid.addWidget(self.fault, 2, 0, 1, 2)

    def set_value(self, value: Any) -> None:
        with QSignalBlocker(self.edit):
            self.edit.setPlainText("\n".join(self._line(item) for item in value))
        self.fault.hide()

    def _line(self, item: Any) -> str:
        return _escaped(item)

    def _item(self, line: str) -> Any:
        """The value of one line. Raises ValueError with a sentence for the writer."""
        return _unescaped(line)

    def _on_text_changed(self) -> None:
        try:
            items = tuple(self._item(line) for line in self.edit.toPlainText().split("\n") if line)
        except ValueError as error:
            self.fault.setText(str(error))
            self.fault.show()
        else:
            self.fault.hide()
            self.value_changed.emit(items)


class BiasRow(TextsRow):
    """Words with what is added to their score: `WORD=VALUE`, one a line."""

    how = "One on each line, such as lighthouse=2"

    def _line(self, item: tuple[str, float]) -> str:
        return f"{_escaped(item[0])}={item[1]:g}"

    def _item(self, line: str) -> tuple[str, float]:
        word, _, number = line.rpartition("=")
        try:
            value = float(number)
        except ValueError:
            value = float("nan")
        if not word or value != value:
            raise ValueError(f"“{line}” needs a word, an equals sign and a number.")
        return _unescaped(word), value


_ESCAPES = {"\\n": "\n", "\\t": "\t", "\\\\": "\\"}


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t")


def _unescaped(line: str) -> str:
    return re.sub(r"\\[nt\\]", lambda match: _ESCAPES[match[0]], line)


def fields() -> "dict[str, dataclasses.Field[Any]]":
    """GenerationConfig's controls by name, in its order."""
    return {field.name: field for field in dataclasses.fields(GenerationConfig)}
