"""What Writer is made of: its version, what runs here, and under which licences."""

import platform
import re
import sys
from string import Template

import PySide6
from PySide6.QtCore import QTimer, QUrl, Signal, qVersion
from PySide6.QtGui import QDesktopServices, QFontDatabase, QGuiApplication, QResizeEvent
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QPushButton, QWidget

from writer import __version__
from writer.paths import resources_dir
from writer.ui.desk_page import DeskPage
from writer.ui.licences import LicenceText, licence_texts
from writer.ui.overrides import nothing, reported
from writer.ui.reading_page import ReadingPage, column_margins
from writer.ui.theme import SPACE

Facts = list[tuple[str, str]]

_QT_SOURCES = "https://download.qt.io/official_releases/QtForPython/"
_PACKED = "[The licences of all that is packed with Writer](licence:third-party) say where the source of each part is."
_NOT_PACKED = "The other parts are Python packages, each with its licence beside it where it was installed."
_MOST_COLUMNS = 120  # of letters; longer lines are paragraphs, and are broken
_COPIED_MS = 2_000
_COPY, _COPIED = "Copy for a report", "Copied"
_MARKUP = re.compile(r"([\\`*_{}\[\]<>()#+\-.!|~&])")


def running_facts(model: str) -> Facts:
    """What a report of a fault needs: names and versions, nothing of the user's. `model`: the one that speaks."""
    from writer.engine.devices import runtime_version  # loads ONNX Runtime

    frozen = ", frozen" if getattr(sys, "frozen", False) else ""
    return [
        ("Writer", f"{__version__}{frozen}"),
        ("Python", platform.python_version()),
        ("Qt", f"{qVersion()}, PySide6 {PySide6.__version__}, on {QGuiApplication.platformName()}"),
        ("ONNX Runtime", runtime_version()),
        ("System", f"{_system()}, {platform.machine()}"),
        ("Model", model or "none"),
    ]


def _system() -> str:
    if sys.platform == "linux":
        try:
            return platform.freedesktop_os_release()["PRETTY_NAME"]
        except (OSError, KeyError):
            pass
    return f"{platform.system()} {platform.release()}"


class AboutPage(ReadingPage):
    """Links open licences, or what the browser shows."""

    licence_requested = Signal(object)  # LicenceText

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("aboutWriter", "About Writer", self._text, parent)
        self._model, self._licence_of_model = "", ""
        self._copy = QPushButton(_COPY)
        self._copy.setObjectName("copyFacts")
        self._copy.setToolTip("Put the versions below on the clipboard, for whoever is to help you")
        self._copy.clicked.connect(self._on_copy_clicked)
        self._copy.setFixedWidth(self._copy.sizeHint().width() + SPACE.l)  # it does not jump when it answers
        self.bar.addWidget(self._copy)
        self._copied = QTimer(self)
        self._copied.setSingleShot(True)
        self._copied.setInterval(_COPIED_MS)
        self._copied.timeout.connect(lambda: self._copy.setText(_COPY))
        self.text.link_pressed.connect(self._on_link_pressed)

    def set_model(self, title: str, form: str, device: str, licence: str) -> None:
        """The model that speaks now; "" for none."""
        self._model = ", ".join(part for part in (title, form, f"on the {device}" if device else "") if part)
        self._licence_of_model = f"{title} is under the licence {licence}." if licence else ""
        if self.isVisible():
            self.read_again()

    def _text(self) -> str:
        texts = licence_texts(resources_dir())
        template = (resources_dir() / "guide" / "about.md").read_text(encoding="utf-8")
        facts = running_facts(self._model)
        return Template(template).substitute(
            version=_plain(__version__),
            facts="\n".join(f"| {name} | {_plain(fact)} |" for name, fact in facts),
            own_licence=f"[MIT licence](licence:{'writer' if 'writer' in texts else 'third-party'})",
            qt_sources=_QT_SOURCES,
            licence_of_model=_plain(self._licence_of_model),
            other_licences=_PACKED if "third-party" in texts else _NOT_PACKED,
        )

    def _on_link_pressed(self, link: str) -> None:
        scheme, _, key = link.partition(":")
        if scheme == "licence":
            self.licence_requested.emit(licence_texts(resources_dir())[key])
        else:
            QDesktopServices.openUrl(QUrl(link))

    def _on_copy_clicked(self) -> None:
        facts = "\n".join(f"{name}: {fact}" for name, fact in running_facts(self._model))
        QGuiApplication.clipboard().setText(facts)
        self._copy.setText(_COPIED)
        self._copied.start()


class LicencePage(DeskPage):
    """One licence, as it was written."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", "Back", "Back to About Writer", parent)
        self._text = _PlainText()
        self.body.addWidget(self._text, 1)
        self.setFocusProxy(self._text)

    def show_licence(self, licence: LicenceText) -> None:
        self.heading.setText(licence.title)
        self.setAccessibleName(licence.title)
        self._text.setAccessibleName(licence.title)
        self._text.show_text(licence.text)


class _PlainText(QPlainTextEdit):
    """Text whose lines were broken for a typewriter."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("licence")
        self.setProperty("role", "reading")
        self.setReadOnly(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self._n_columns = 0

    def show_text(self, text: str) -> None:
        self._n_columns = max((len(line) for line in text.splitlines() if len(line) <= _MOST_COLUMNS), default=0)
        self.setPlainText(text)
        self.document().setDocumentMargin(SPACE.xl)
        self._set_margins()

    def _set_margins(self) -> None:
        width = self.fontMetrics().horizontalAdvance("0") * (self._n_columns + 1) + 2 * SPACE.xl
        if self.viewportMargins() != (margins := column_margins(self, width)):
            self.setViewportMargins(margins)

    @reported(nothing)
    def resizeEvent(self, event: QResizeEvent) -> None:
        self._set_margins()
        super().resizeEvent(event)


def _plain(words: str) -> str:
    """Words from elsewhere, in Markdown."""
    return _MARKUP.sub(r"\\\1", " ".join(words.split()))
