"""What other programs do to the open file is seen, and never overwritten without asking."""

from PySide6.QtCore import QFileSystemWatcher, QObject, QTimer, Signal

from writer.document.comparison import Row, compare
from writer.document.files.text_file import FileState, OpenedFile, open_text
from writer.document.files.text_file import compare as compare_file
from writer.document.manuscript import Desk, Manuscript
from writer.document.rewriting import rewrite
from writer.errors import WriterError
from writer.ui.errands import Errands
from writer.ui.files import FileController
from writer.ui.notices import NoticeAction

_SETTLING_MS = 300  # another program may write in several steps


class OutsideChanges(QObject):
    """Watches the open manuscript's file. An unchanged text follows it, as one undo step; for a changed one the writer
    decides."""

    comparison_ready = Signal(str, str, object, object)  # titles left and right, list[Row], tuple[NoticeAction, ...]

    def __init__(self, files: FileController, desk: Desk, errands: Errands, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._files, self._desk, self._errands = files, desk, errands
        self._watcher = QFileSystemWatcher(self)
        self._settling = QTimer(self)
        self._settling.setSingleShot(True)
        self._settling.setInterval(_SETTLING_MS)
        self._settling.timeout.connect(self.look)
        self._watcher.fileChanged.connect(lambda _: self._settling.start())
        files.opened.connect(lambda _: self._watch())
        files.saved.connect(self._on_saved)
        files.contested.connect(self._ask)

    def _watch(self) -> None:
        watched, path = self._watcher.files(), self._files.path
        if watched:
            self._watcher.removePaths(watched)
        if path is not None:
            self._watcher.addPath(str(path))

    def _on_saved(self, m: Manuscript) -> None:
        self._watch()
        self._settle(m)

    def look(self) -> None:
        """See whether the file is still what it was: also to be asked when the writer comes back to the window."""
        m = self._files.manuscript
        path, known = m.path, m.fingerprint
        if path is None or known is None or self._files.is_saving:
            return
        self._errands.ask(
            lambda: compare_file(path, known, self._desk.ops),
            lambda state: self._on_seen(m, state),
            lambda _: None,  # a folder that is out of reach for a moment; saving tells when it stays so
        )

    def _on_seen(self, m: Manuscript, state: FileState) -> None:
        if m is not self._files.manuscript or self._files.is_saving:
            return
        self._watch()  # a file that was replaced is another one to the system
        if state is FileState.UNCHANGED:
            self._settle(m)
        elif m.is_contested:
            pass  # the writer has been asked
        elif state is FileState.CHANGED:
            if m.document.modified:
                m.is_contested = True
                self._ask(m)
            else:
                self.take_theirs()
        elif state is FileState.DELETED:
            m.is_contested = True
            self._files.tell(
                _gone(m),
                "Your text is still here. It is saved again only when you say so.",
                "error",
                (("Save it again", self._files.overwrite), ("Save as…", self._files.save_as)),
            )

    def _settle(self, m: Manuscript) -> None:
        """Nothing is left to decide."""
        m.is_contested = False
        self._files.withdraw(_changed(m))
        self._files.withdraw(_gone(m))

    def _ask(self, m: Manuscript) -> None:
        self._files.tell(
            _changed(m),
            "Both texts are safe. Saving waits for your choice.",
            "error",
            (("Compare", self.compare), *self._choices()),
        )

    def _choices(self) -> tuple[NoticeAction, ...]:
        return (("Keep mine", self._files.overwrite), ("Take theirs", self.take_theirs))

    def compare(self) -> None:
        """Show the file's text beside the one in the window."""
        m, text, ops = self._files.manuscript, self._files.document.text, self._desk.ops
        path = m.path
        if path is None:
            return

        def show(rows: list[Row]) -> None:
            if m is self._files.manuscript:
                choices = (*self._choices(), ("Save as…", self._files.save_as))
                self.comparison_ready.emit(f"{m.title} on the disk", "Your text", rows, choices)

        self._errands.ask(lambda: compare(open_text(path, ops).text, text), show, self._tell)

    def take_theirs(self) -> None:
        """Have the file's text in the window, as one step that undo takes back."""
        m, path = self._files.manuscript, self._files.path
        if path is not None:
            self._errands.ask(
                lambda: open_text(path, self._desk.ops), lambda theirs: self._apply(m, theirs), self._tell
            )

    def _apply(self, m: Manuscript, theirs: OpenedFile) -> None:
        if m is not self._files.manuscript:
            return
        if theirs.read_only:
            m.is_contested = True
            self._files.tell(
                f"Another program has changed {m.title} into what is no text.",
                "Your text is still here. Save it under another name.",
                "error",
                (("Save as…", self._files.save_as),),
            )
            return
        had_own = m.document.modified
        rewrite(m.document, theirs.text, "Change by another program")
        m.format, m.fingerprint, m.is_contested = theirs.format, theirs.fingerprint, False
        if not m.document.has_unsaved_notes:  # which a save is to bring to the disk still
            m.document.mark_saved()
            self._files.follow(m)
        self._settle(m)
        self._files.tell(
            f"{m.title} was changed by another program, and is shown as it is now.",
            "Undo brings your text back." if had_own else "",
        )

    def _tell(self, error: WriterError) -> None:
        self._files.tell(error.message, error.hint, "error")


def _changed(m: Manuscript) -> str:
    return f"Another program has changed {m.title}."


def _gone(m: Manuscript) -> str:
    return f"{m.title} is no longer on the disk."
