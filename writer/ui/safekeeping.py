"""Every edit of the open manuscript reaches the disk within a second, whether it has a file or not."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from writer.document.change import Change
from writer.document.document import Document
from writer.document.drafts.journal import BaseText
from writer.document.drafts.journal_notice import JournalNotice, JournalStatus
from writer.document.drafts.journal_writer import JournalWriter
from writer.document.manuscript import Desk, Manuscript
from writer.document.notes import NO_NOTES, Notes
from writer.document.provenance import Author
from writer.ui.outlet import Outlet


class Safekeeping(QObject):
    """Keeps a journal of one manuscript at a time."""

    status_changed = Signal(object)  # JournalNotice: where the edits are that no file holds

    def __init__(self, desk: Desk, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._journal: JournalWriter | None = None
        self._unsubscribe: Callable[[], object] = lambda: None
        self._told_generations: set[str] = set()
        self._caret: int | None = None
        self.is_failing = False
        """Whether edits are in memory only."""
        self._outlet = Outlet(self._on_told)

    def watch(
        self,
        manuscript: Manuscript,
        *,
        saved: bool = True,
        changes: Sequence[Change] = (),
        base: BaseText | None = None,
        replaces: Path | None = None,
    ) -> None:
        """From now on keep every edit of this one. What comes from a recovered draft is kept at once: see
        `JournalWriter.begin`; `base` is the text that `changes` start from, for want of it the present one."""
        document = manuscript.document
        start = base or BaseText(document.text, tuple(document.runs()), notes=document.notes)
        self._journal = JournalWriter(
            self._desk.recovery,
            self._desk.ops,
            monotonic=time.monotonic,
            now=self._desk.now,
            notify=self._outlet.tell,
            fallback=self._desk.fallback,
        )
        self.is_failing = False
        self._caret = None
        self._told_generations = set(document.generations)
        self._journal.begin(
            manuscript.draft,
            start.text,
            start.runs,
            document.generations.values(),
            saved=saved,
            changes=changes,
            replaces=replaces,
            notes=NO_NOTES if start.notes is None else start.notes,
            notes_now=document.notes,
        )
        leave = document.subscribe(lambda change: self._on_changed(document, change))
        leave_notes = document.subscribe_notes(self._on_notes_changed)
        self._unsubscribe = lambda: (leave(), leave_notes())

    def leave(self, *, keep: bool) -> None:
        """The manuscript is no longer open. `keep`: what no file holds of it waits to be taken up again."""
        self._unsubscribe()
        self._unsubscribe = lambda: None
        if self._journal is not None:
            self._record_caret(self._journal)
            self._journal.close(keep)
            self._journal = None

    def note_caret(self, position: int) -> None:
        self._caret = position

    def mark(self) -> int:
        """Call it in the moment in which a snapshot is taken to be saved."""
        return self._journal.mark() if self._journal is not None else 0

    def saved(self, mark: int, manuscript: Manuscript) -> None:
        """The manuscript's file holds the snapshot of that mark."""
        if self._journal is not None:
            self._journal.saved(mark, manuscript.draft)

    def sync(self) -> bool:
        """Have all of it on the disk now; whether it is."""
        if self._journal is None:
            return True
        self._record_caret(self._journal)
        return self._journal.sync_now()

    def _record_caret(self, journal: JournalWriter) -> None:
        """Not at each move: a key would wake the journal's thread twice, and a change tells where it ended anyway."""
        if self._caret is not None:
            journal.record_caret(self._caret)

    def _on_changed(self, document: Document, change: Change) -> None:
        journal = self._journal
        if journal is None:
            return
        for run in change.inserted_runs:
            generation = run.generation
            if run.author is Author.MODEL and generation is not None and generation not in self._told_generations:
                self._told_generations.add(generation)
                if generation in document.generations:
                    journal.record_generation(document.generations[generation])
        journal.record(change)

    def _on_notes_changed(self, notes: Notes) -> None:
        if self._journal is not None:
            self._journal.record_notes(notes)

    def _on_told(self, told: tuple[JournalNotice]) -> None:
        (notice,) = told
        self.is_failing = notice.status is JournalStatus.NOT_KEPT
        self.status_changed.emit(notice)
