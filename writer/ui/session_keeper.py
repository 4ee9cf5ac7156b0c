"""Where the writer left off comes back at the next start, and the files of late are at hand."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psutil
from PySide6.QtCore import QObject, QTimer, Signal

from writer.document.drafts.recovery import DraftFound
from writer.document.manuscript import Manuscript
from writer.errors import WriterError
from writer.session import Session, SessionFile
from writer.ui.drafts import DraftsController
from writer.ui.editor import Editor
from writer.ui.files import FileController
from writer.ui.rail import Rail

_LASTING_MS = 30_000  # a start that lives so long is not the session's fault any more
_MOST_FAILED_STARTS = 3


class SessionKeeper(QObject):
    """Restores a session at the start, and saves the present one at the end and at every change of file."""

    recent_changed = Signal(object)  # tuple[Path, ...], the newest first

    def __init__(
        self,
        file: Path,
        files: FileController,
        drafts: DraftsController,
        editor: Editor,
        rail: Rail,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._file = SessionFile(file, os.getpid(), psutil.pid_exists)
        self._files, self._drafts, self._editor, self._rail = files, drafts, editor, rail
        self._session = self._file.load()
        self._lasting = QTimer(self)
        self._lasting.setSingleShot(True)
        self._lasting.setInterval(_LASTING_MS)
        self._lasting.timeout.connect(self._file.lasted)
        files.opened.connect(self._remember)
        files.saved.connect(self._remember)

    @property
    def recent(self) -> tuple[Path, ...]:
        return tuple(map(Path, self._session.recent))

    def restore(self, otherwise: Callable[[], object]) -> None:
        """Show what was open last; `otherwise` follows when nothing was. After a crash the drafts are listed, and
        after several starts that ended in one nothing is opened by itself."""
        n_failed = self._file.starting()
        self._lasting.start()
        last = self._session
        self._drafts.begin()

        def go_on(drafts: tuple[DraftFound, ...]) -> None:
            mine = next((found for found in drafts if found.id == last.draft_id and found.recoverable), None)
            if n_failed >= _MOST_FAILED_STARTS:
                otherwise()
                self._drafts.show()
                self._files.tell(
                    "Writer did not start well the last times, so nothing was opened by itself.",
                    "Open your text with File, Open; unsaved text is listed here.",
                )
            elif n_failed and drafts:
                self._open_last(last, otherwise)
                self._drafts.show()
            elif mine is not None:
                self._drafts.take_up(mine)
                self._open_panel(last)
            else:
                self._open_last(last, otherwise)

        self._drafts.find(go_on)

    def starting_on(self, path: Path) -> None:
        """The start was asked for one file."""
        n_failed = self._file.starting()
        self._lasting.start()
        self._drafts.begin()
        self._files.open_path(path)
        if n_failed:
            self._drafts.find(lambda drafts: self._drafts.show() if drafts else None)

    def save(self) -> None:
        """Note what is open, and that the window ends as it should."""
        m = self._files.manuscript
        self._session = replace(
            self._session,
            document=str(m.path or ""),
            draft_id=m.draft_id if m.has_unsaved_text else "",
            caret=self._editor.caret,
            top=self._editor.top,
            panel=self._rail.current or "",
        )
        self._write()
        self._file.ended_well()

    def _open_last(self, last: Session, otherwise: Callable[[], object]) -> None:
        path = Path(last.document)
        if last.document and path.is_file():
            self._files.open_path(path, then=lambda: self._go_to(last))
            self._open_panel(last)
        else:
            otherwise()

    def _go_to(self, last: Session) -> None:
        end = len(self._files.document)
        self._editor.set_caret(min(last.caret, end))
        self._editor.set_top(min(last.top, end))

    def _open_panel(self, last: Session) -> None:
        if last.panel and self._rail.has(last.panel):
            self._rail.open(last.panel)

    def _remember(self, manuscript: Manuscript) -> None:
        if manuscript.path is not None:
            self._session = replace(self._session.opened(manuscript.path), document=str(manuscript.path))
            self._write()
            self.recent_changed.emit(self.recent)

    def _write(self) -> None:
        try:
            self._file.save(self._session)
        except WriterError as error:
            self._files.tell(error.message, error.hint)
