"""One form of a model on its card, with what it costs and loses as measured on this machine."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from writer.models.disk import amount
from writer.models.manifest import Manifest, PrecisionRecord
from writer.models.precision import Precision
from writer.ui.labels import plain_label


class FormRow(QWidget):
    """A number format that has been built, and the button that lets it speak."""

    use_requested = Signal(object)  # Precision

    def __init__(
        self, title: str, precision: Precision, record: PrecisionRecord, manifest: Manifest, *, is_used: bool
    ) -> None:
        super().__init__()
        name = plain_label("formName")
        name.setText(precision.label[0].upper() + precision.label[1:])
        self.use = QPushButton("Use")
        self.use.setObjectName("use")
        self.use.setAccessibleName(f"Use {title} as {precision.label}")
        self.use.setToolTip("Let this form of the model speak. The text, the caret and undo stay as they are.")
        self.use.clicked.connect(lambda: self.use_requested.emit(precision))
        if is_used:
            self.use.hide()
        figures = plain_label("formFigures", "muted")
        figures.setText(form_figures(record, is_compared=manifest.is_compared and precision is not Precision.FP32))
        figures.setToolTip(
            f"Perplexity {record.perplexity:.2f}; in full precision {record.perplexity_fp32:.2f}"
            f" ({record.n_gate_tokens:,} tokens)"
        )
        top = QHBoxLayout()
        top.addWidget(name, 1)
        top.addWidget(self.use)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(top)
        layout.addWidget(figures)


def form_figures(record: PrecisionRecord, *, is_compared: bool) -> str:
    """What a form costs and loses, in a writer's words; figures that were not measured are left out."""
    size = sum(file.size_bytes for file in record.files.values())
    lines = []
    if is_compared:
        lines.append(quality(record))
    if record.decode_tps:
        lines.append(f"{record.decode_tps:,.0f} tokens a second here")
    memory = f", {amount(record.memory_bytes)} of memory" if record.memory_bytes else ""
    return "\n".join([*lines, f"{amount(size)} on disk{memory}"])


def quality(record: PrecisionRecord) -> str:
    """What a form loses against full precision."""
    return f"{record.loss:.1%} worse than the original" if record.loss >= 0.0005 else "As good as the original"
