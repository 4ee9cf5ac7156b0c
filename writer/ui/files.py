"""Which file the document belongs to: new, open, save, save as, and the question before text would be lost."""

from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

from writer.document.document import Document
from writer.document.storage import TextFormat, load_text, save_text
from writer.errors import WriterError

_FILTER = "Text and Markdown (*.txt *.md *.markdown);;All files (*)"


class FileController(QObject):
    """Owns the path and format of the present document. Errors are reported by `failed`, never raised."""

    opened = Signal(object)  # Document
    saved = Signal()
    title_changed = Signal()
    failed = Signal(str, str)  # message, hint
    informed = Signal(str, str)  # message, hint

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self.document = Document()
        self.path: Path | None = None
        self._format = TextFormat()

    @property
    def title(self) -> str:
        return self.path.name if self.path else "Untitled"

    def new(self, text: str = "") -> None:
        """An untitled document that begins with `text`."""
        if self.may_discard():
            self._show(Document(text), None, TextFormat())

    def open(self) -> None:
        """Ask for a file and open it."""
        if not self.may_discard():
            return
        folder = str(self.path.parent) if self.path else ""
        name, _ = QFileDialog.getOpenFileName(self._window, "Open", folder, _FILTER)
        if name:
            self.open_path(Path(name))

    def open_path(self, path: Path) -> bool:
        """Open `path` in place of the present document, which stays when that fails."""
        try:
            loaded = load_text(path)
        except WriterError as error:
            self.failed.emit(error.message, error.hint)
            return False
        self._show(Document(loaded.text), path, loaded.format)
        return True

    def save(self) -> bool:
        """Save under the present name, or ask for one; whether the text is on disk now."""
        return self._save_to(self.path) if self.path else self.save_as()

    def save_as(self) -> bool:
        """Ask for a name and save; whether the text is on disk now."""
        suggestion = str(self.path) if self.path else "Untitled.txt"
        name, _ = QFileDialog.getSaveFileName(self._window, "Save as", suggestion, _FILTER)
        return self._save_to(Path(name)) if name else False

    def may_discard(self) -> bool:
        """Whether the present document may go: it is saved, or the writer says so."""
        if not self.document.modified or not self.document.text.strip():
            return True
        box = QMessageBox(
            QMessageBox.Icon.NoIcon,
            "Writer",
            f"Save the changes to {self.title}?",
            QMessageBox.StandardButton.Save | QMessageBox.StandardButton.Discard | QMessageBox.StandardButton.Cancel,
            self._window,
        )
        box.setInformativeText("Without saving they are lost.")
        box.setDefaultButton(QMessageBox.StandardButton.Save)
        answer = box.exec()
        if answer == QMessageBox.StandardButton.Save:
            return self.save()
        return answer == QMessageBox.StandardButton.Discard

    def _show(self, document: Document, path: Path | None, form: TextFormat) -> None:
        self.document, self.path, self._format = document, path, form
        self.opened.emit(document)
        self.title_changed.emit()

    def _save_to(self, path: Path) -> bool:
        try:
            used = save_text(path, self.document.text, self._format)
        except WriterError as error:
            self.failed.emit(error.message, error.hint)
            return False
        if used.encoding != self._format.encoding:
            self.informed.emit(
                f"{path.name} is now stored as UTF-8.", "Its old encoding has no place for some of the new characters."
            )
        self.path, self._format = path, used
        self.document.mark_saved()
        self.title_changed.emit()
        self.saved.emit()
        return True
