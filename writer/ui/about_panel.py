"""Bias and accuracy: what the model is, what not to trust it with, and which one is speaking."""

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QFont, QFontInfo, QGuiApplication, QPalette, QTextBlockFormat, QTextCursor
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QPushButton, QTextBrowser, QVBoxLayout, QWidget

from writer.paths import resources_dir
from writer.ui.labels import plain_label
from writer.ui.links import color_links
from writer.ui.overrides import nothing, reported
from writer.ui.theme import SPACE

TITLE = "Bias and accuracy"
_LINE_HEIGHT_PERCENT = 128
_OWN_MODELS, _OTHER_MODELS = "gpt2", "any"  # texts in resources/disclaimers


class AboutPanel(QWidget):
    """The disclaimer, to be acknowledged once, and the model that speaks now."""

    acknowledged = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = QTextBrowser()
        self._text.setObjectName("disclaimer")
        self._text.setOpenExternalLinks(True)
        self._text.setFrameShape(QFrame.Shape.NoFrame)
        self._text.setAccessibleName(TITLE)
        self._text.document().setDocumentMargin(0)
        self._text.setViewportMargins(0, 0, SPACE.xs, 0)  # between the words and the scroll bar
        self._text.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._disclaimer = ""
        self._show_disclaimer(_OWN_MODELS)

        card = QFrame()
        card.setProperty("role", "card")
        heading = QLabel("Speaking now")
        heading.setProperty("role", "muted")
        self._model = plain_label("modelTitle", "strong")
        self._facts = plain_label("modelFacts", "muted")
        card_layout = QVBoxLayout(card)
        card_layout.setContentsMargins(SPACE.m, SPACE.s, SPACE.m, SPACE.s)
        card_layout.setSpacing(2)
        for label in (heading, self._model, self._facts):
            card_layout.addWidget(label)

        self._button = QPushButton("I understand")
        self._button.setObjectName("acknowledge")
        self._button.setProperty("role", "primary")
        self._button.setToolTip("Closes this for good; the scales on the rail bring it back at any time.")
        self._button.clicked.connect(self._on_acknowledge_clicked)
        self._quiet_line = QLabel("You have read this.")
        self._quiet_line.setProperty("role", "muted")
        self._quiet_line.setAlignment(Qt.AlignmentFlag.AlignHCenter)

        layout = QGridLayout(self)  # the text's scroll bar stands in the right margin
        layout.setContentsMargins(SPACE.l, SPACE.xs, 0, SPACE.l)
        layout.setHorizontalSpacing(0)
        layout.setVerticalSpacing(SPACE.m)
        layout.setColumnMinimumWidth(1, SPACE.l)
        layout.setColumnStretch(0, 1)
        layout.setRowStretch(1, 1)
        layout.addWidget(card, 0, 0)
        layout.addWidget(self._text, 1, 0, 1, 2)
        layout.addWidget(self._button, 2, 0)
        layout.addWidget(self._quiet_line, 3, 0)
        self.set_model("")
        self.set_acknowledged(False)

    def set_model(
        self,
        title: str,
        licence: str = "",
        precision: str = "",
        n_parameters: int | None = None,
        device: str = "",
        disclaimer: str = _OWN_MODELS,
    ) -> None:
        """Name the model that speaks now; an empty title says that none is loaded. Empty facts are left out.

        disclaimer -- name of the text about this model; what a text of that name does not exist for gets the one
                      about models of any kind"""
        self._show_disclaimer(disclaimer)
        size = parameters_text(n_parameters) if n_parameters else ""
        build = " · ".join(part for part in (size, precision, device) if part)
        facts = [line for line in (build, f"{licence} licence" if licence else "") if line]
        self._model.setText(title or "No model is loaded.")
        self._facts.setText("\n".join(facts))
        self._facts.setVisible(bool(title and facts))

    def set_acknowledged(self, is_acknowledged: bool) -> None:
        """Once acknowledged, a quiet line stands in the button's place."""
        self._button.setVisible(not is_acknowledged)
        self._quiet_line.setVisible(is_acknowledged)

    def _on_acknowledge_clicked(self) -> None:
        self.set_acknowledged(True)
        self.acknowledged.emit()

    def _show_disclaimer(self, name: str) -> None:
        folder = resources_dir() / "disclaimers"
        # A manifest may come from elsewhere: its word is compared with what is shipped, never made a path.
        chosen = name if name in {path.stem for path in folder.glob("*.md")} else _OTHER_MODELS
        if chosen != self._disclaimer:
            self._disclaimer = chosen
            self._text.setMarkdown((folder / f"{chosen}.md").read_text(encoding="utf-8"))
            self._set_type()
            self._color_links()

    def _set_type(self) -> None:
        """Headings in the interface's own sizes and room between lines: Qt's defaults for Markdown suit a web page."""
        base = QFontInfo(self._text.font()).pixelSize()
        cursor = QTextCursor(self._text.document())
        block = self._text.document().begin()
        while block.isValid():
            level = block.blockFormat().headingLevel()
            layout = block.blockFormat()
            layout.setLineHeight(_LINE_HEIGHT_PERCENT, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
            layout.setTopMargin(SPACE.l if level > 1 else 0)
            layout.setBottomMargin(SPACE.xs if level > 1 else SPACE.s)
            cursor.setPosition(block.position())
            cursor.setBlockFormat(layout)
            if level:
                letters = block.charFormat()
                letters.clearProperty(letters.Property.FontSizeAdjustment.value)
                letters.setProperty(letters.Property.FontPixelSize.value, base + (4 if level == 1 else 0))
                letters.setFontWeight(QFont.Weight.DemiBold)
                cursor.setPosition(block.position())
                cursor.setPosition(block.position() + block.length() - 1, QTextCursor.MoveMode.KeepAnchor)
                cursor.setCharFormat(letters)
            block = block.next()

    def _color_links(self) -> None:
        color_links(self._text.document(), QGuiApplication.palette().color(QPalette.ColorRole.Link))

    @reported(nothing)
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.StyleChange) and hasattr(self, "_text"):
            self._color_links()


def parameters_text(n_parameters: int) -> str:
    """Such as "355 million parameters"."""
    for unit, name in ((1_000_000_000, "billion"), (1_000_000, "million")):
        if n_parameters >= 0.9995 * unit:  # three digits round up to one of the next unit
            return f"{n_parameters / unit:.3g} {name} parameters"
    return f"{n_parameters:,} parameters"
