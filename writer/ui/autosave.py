"""Saves a manuscript that has a file by itself: soon after the last edit, and in between while edits never end."""

import time
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

from writer.document.manuscript import Manuscript
from writer.errors import WriterError
from writer.ui.files import FileController

PAUSE_S = 10  # after the last edit
LONGEST_S = 60  # after the first one that is not saved
RETRIES_S = (30, 60, 120, 300)  # after saves that failed; the last one again and again


class Autosave(QObject):
    """What it may save is for `FileController.may_autosave` to say."""

    def __init__(
        self, files: FileController, parent: QObject | None = None, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(parent)
        self._files, self._monotonic = files, monotonic
        self._unsubscribe: Callable[[], object] = lambda: None
        self._deadline_s: float | None = None  # by when what is not saved now shall be
        self._n_failures = 0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.save_now)
        files.opened.connect(self._on_opened)
        files.saved.connect(self._on_saved)
        files.save_failed.connect(self._on_save_failed)

    @property
    def next_s(self) -> float | None:
        """Seconds until the next save; None when none is planned."""
        return self._timer.remainingTime() / 1000 if self._timer.isActive() else None

    def save_now(self) -> None:
        """Save what may be saved: also when the writer turns to another window."""
        if self._files.may_autosave:
            self._files.save_by_itself()

    def _on_opened(self, manuscript: Manuscript) -> None:
        self._unsubscribe()
        leave = manuscript.document.subscribe(lambda _: self._on_changed())
        leave_notes = manuscript.document.subscribe_notes(lambda _: self._on_changed())
        self._unsubscribe = lambda: (leave(), leave_notes())
        self._rest()

    def _on_changed(self) -> None:
        if self._n_failures:
            return  # the next attempt is planned
        now_s = self._monotonic()
        if self._deadline_s is None:
            self._deadline_s = now_s + LONGEST_S
        self._timer.start(round(1000 * max(0.0, min(PAUSE_S, self._deadline_s - now_s))))

    def _on_saved(self, manuscript: Manuscript) -> None:
        self._rest()
        if manuscript.document.modified:  # edited while it was saved
            self._on_changed()

    def _on_save_failed(self, error: WriterError) -> None:
        pause_s = RETRIES_S[min(self._n_failures, len(RETRIES_S) - 1)]
        self._n_failures += 1
        self._timer.start(1000 * pause_s)

    def _rest(self) -> None:
        self._timer.stop()
        self._deadline_s = None
        self._n_failures = 0
