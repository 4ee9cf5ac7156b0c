"""How the model chooses its words: presets, the main controls, and all the others behind a fold."""

import dataclasses
from typing import Any

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtWidgets import (
    QAbstractSlider,
    QAbstractSpinBox,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from writer.assist.presets import PRESETS, Preset, default_config, matching_preset
from writer.engine.config import GenerationConfig
from writer.errors import UsageError
from writer.ui.icons import icon
from writer.ui.overrides import reported
from writer.ui.sampling_controls import NumberRow, SeedRow, TextsRow, fields, make_row
from writer.ui.scroll_column import ScrollColumn
from writer.ui.theme import SPACE

# Reports on the model's choices rather than shaping them: nothing in this panel would show its effect.
_HIDDEN = frozenset({"n_alternatives"})
# The fold's order; a control that is in no group comes last.
_GROUPS = {
    "Length and words": ("min_new_tokens", "stop_strings", "banned_words", "logit_bias"),
    "Repetition": (
        "penalty_range",
        "frequency_penalty",
        "presence_penalty",
        "no_repeat_ngram_size",
        "dry_multiplier",
        "dry_base",
        "dry_allowed_length",
        "dry_breakers",
    ),
    "Cut-offs": ("typical_p", "epsilon_cutoff", "eta_cutoff"),
    "Surprise": ("xtc_probability", "xtc_threshold", "mirostat_tau", "mirostat_eta"),
}
_CUSTOM = "Your own mix."


class SamplingPanel(QWidget):
    """Edits one GenerationConfig; starts with the preset Balanced."""

    config_changed = Signal(object)  # GenerationConfig, for the writer's changes only

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._config = default_config()
        self._rows: dict[str, NumberRow | SeedRow | TextsRow] = {}
        self._preset_buttons: dict[str, QPushButton] = {}

        scroll = ScrollColumn()
        self._layout = scroll.column
        self._add_presets()
        every = fields()
        for name, field in every.items():
            if field.metadata["main"]:
                self._add_row(self._layout, name)
        self._add_fold([name for name, field in every.items() if not field.metadata["main"] and name not in _HIDDEN])
        self._layout.addStretch(1)

        self._reset = QPushButton("Reset")
        self._reset.setToolTip("Put every control back to where it was at first, Balanced.")
        self._reset.clicked.connect(self._on_reset_clicked)
        footer = QHBoxLayout()
        footer.setContentsMargins(SPACE.l, SPACE.s, SPACE.l, SPACE.m)
        footer.addStretch(1)
        footer.addWidget(self._reset)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(scroll, 1)
        outer.addLayout(footer)
        self._show_config()

    @property
    def config(self) -> GenerationConfig:
        return self._config

    def set_config(self, config: GenerationConfig) -> None:
        """Show `config`, exactly: values finer than a box can show are kept until the writer changes them."""
        self._config = config
        self._show_config()

    def _add_presets(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(0)
        for preset, place in zip(PRESETS, ("first", "middle", "last"), strict=True):
            button = QPushButton(preset.title)
            button.setObjectName(f"preset-{preset.name}")
            button.setProperty("role", "segment")
            button.setProperty("place", place)
            button.setCheckable(True)
            button.setToolTip(preset.summary)
            button.clicked.connect(lambda _checked, chosen=preset: self._on_preset_clicked(chosen))
            row.addWidget(button, 1)
            self._preset_buttons[preset.name] = button
        self._summary = QLabel()
        self._summary.setProperty("role", "muted")
        self._layout.addLayout(row)
        self._layout.addWidget(self._summary)

    def _add_row(self, layout: QVBoxLayout, name: str) -> None:
        row = make_row(fields()[name])
        row.value_changed.connect(lambda value: self._on_value_changed(name, value))
        for kind in (QAbstractSpinBox, QAbstractSlider, QPlainTextEdit):
            for child in row.findChildren(kind):
                if child.focusPolicy() != Qt.FocusPolicy.NoFocus:
                    child.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # not by the wheel
                    child.installEventFilter(self)
        layout.addWidget(row)
        self._rows[name] = row

    def _add_fold(self, names: list[str]) -> None:
        self._fold_button = QPushButton("More controls")
        self._fold_button.setProperty("role", "fold")
        self._fold_button.setCheckable(True)
        self._fold_button.setIconSize(QSize(16, 16))
        self._fold_button.toggled.connect(self._on_fold_toggled)
        self._fold = QWidget()
        layout = QVBoxLayout(self._fold)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE.s)
        grouped = {name for group in _GROUPS.values() for name in group}
        for title, group in (*_GROUPS.items(), ("Other", tuple(name for name in names if name not in grouped))):
            members = [name for name in group if name in names]
            if not members:
                continue
            heading = QLabel(title)
            heading.setProperty("role", "section")
            heading.setIndent(0)
            layout.addWidget(heading)
            for name in members:
                self._add_row(layout, name)
        self._fold.hide()
        self._draw_fold_icon()
        self._layout.addWidget(self._fold_button, 0, Qt.AlignmentFlag.AlignLeft)
        self._layout.addWidget(self._fold)

    def _show_config(self) -> None:
        for name, row in self._rows.items():
            row.set_value(getattr(self._config, name))
        self._show_preset()

    def _show_preset(self) -> None:
        matching = matching_preset(self._config)
        for name, button in self._preset_buttons.items():
            button.setChecked(matching is not None and name == matching.name)
        self._summary.setText(matching.summary if matching else _CUSTOM)

    def _on_value_changed(self, name: str, value: Any) -> None:
        try:
            config = dataclasses.replace(self._config, **{name: value})
        except UsageError:
            return  # the boxes hold the bounds; a text that is no setting yet leaves the last good one
        if config != self._config:
            self._config = config
            self._show_preset()
            self.config_changed.emit(config)

    def _on_preset_clicked(self, preset: Preset) -> None:
        self._replace(preset.apply(self._config))

    def _on_reset_clicked(self) -> None:
        self._replace(default_config())

    def _replace(self, config: GenerationConfig) -> None:
        changed = config != self._config
        self.set_config(config)  # in any case: a second press unchecks the segment
        if changed:
            self.config_changed.emit(config)

    def _on_fold_toggled(self, is_open: bool) -> None:
        self._fold.setVisible(is_open)
        self._fold_button.setText("Fewer controls" if is_open else "More controls")
        self._draw_fold_icon()

    def _draw_fold_icon(self) -> None:
        self._fold_button.setIcon(icon("chevron-down" if self._fold_button.isChecked() else "chevron-right", 16))

    @reported(lambda: False)
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The wheel scrolls the panel over a control that has not the focus, instead of changing its value."""
        if event.type() == QEvent.Type.Wheel and isinstance(watched, QWidget) and not watched.hasFocus():
            event.ignore()
            return True
        return super().eventFilter(watched, event)

    @reported(lambda: None)
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.StyleChange) and hasattr(self, "_fold_button"):
            self._draw_fold_icon()
