"""Keeps what is not saved on the disk while the writer writes, on a thread of its own."""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from queue import Empty, SimpleQueue

from writer.document.change import Change
from writer.document.drafts.draft_journal import DraftJournal
from writer.document.drafts.journal import Draft
from writer.document.drafts.journal_notice import JournalNotice
from writer.document.files.file_ops import FileOps
from writer.document.generation_record import GenerationRecord
from writer.document.notes import NO_NOTES, Notes
from writer.document.provenance import Run

# A change comes while its key is on the way to the screen, and this thread would take the interpreter from the window.
_LET_PAINT_S = 0.03


class JournalWriter:
    """The journal of one document. The thread starts with `begin` and ends with `close`.

    A change is in the journal's file 0.4 s after it was made, also while typing never pauses, and survives a power cut
    5 s after. Nothing is on the disk before the first change, nor after a save with no change since.

    Unless said otherwise the methods are for the thread of the document, only leave word for the journal's thread, and
    never raise. Failures of the file system are told by `notify`; the text stays in memory, and attempts go on.
    """

    def __init__(
        self,
        folder: Path,
        ops: FileOps,
        *,
        monotonic: Callable[[], float],
        now: Callable[[], datetime],
        notify: Callable[[JournalNotice], None],
        fallback: Path | None = None,
    ) -> None:
        """folder -- where journals belong; it is made when it is missing
        now -- the time with its zone; it only dates what goes to the trash and when a draft began
        notify -- is called on the journal's thread when the status changes; once for each kind of failure
        fallback -- takes the journal while `folder` does not
        """
        folders = [folder] if fallback is None else [folder, fallback]
        self._journal = DraftJournal(folders, ops, monotonic=monotonic, now=now, notify=notify)
        self._monotonic = monotonic
        self._orders: SimpleQueue[tuple[Callable[..., object], tuple[object, ...]]] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._n_marks = 0
        self._ended = False  # set by the journal's thread

    def begin(
        self,
        draft: Draft,
        text: str,
        runs: Iterable[Run],
        generations: Iterable[GenerationRecord] = (),
        *,
        saved: bool = True,
        changes: Sequence[Change] = (),
        replaces: Path | None = None,
        notes: Notes = NO_NOTES,
        notes_now: Notes | None = None,
    ) -> None:
        """Follow a document that holds `text`, after `changes`. Once only.

        saved -- whether the draft's manuscript holds `text`, or there is none and the text is empty; when not, it is
                 written at once
        changes -- those that led on from `text`, as they come with a recovered draft; they are written at once
        replaces -- the journal they come from: it goes to the trash as soon as the new one is on the disk
        notes, notes_now -- `Document.notes` that go with `text`, and those that the document has after `changes`; None
                            for the same ones
        """
        arguments = (draft, text, tuple(runs), tuple(generations), saved, tuple(changes), replaces, notes, notes_now)
        self._order(self._journal.begin, *arguments)
        self._thread.start()

    def record(self, change: Change) -> None:
        """A change was made; a `Document` may be given this as a listener."""
        self._order(self._journal.record, change, self._monotonic())

    def record_generation(self, generation: GenerationRecord) -> None:
        """The model begins to write: to be told before its first text."""
        self._order(self._journal.record_generation, generation)

    def record_notes(self, notes: Notes) -> None:
        """The notes are others now; `Document.subscribe_notes` may be given this."""
        self._order(self._journal.record_notes, notes, self._monotonic())

    def record_caret(self, position: int) -> None:
        """Where the writer is now. To be told when that is not where a change of the writer's own just ended."""
        self._order(self._journal.record_caret, position)

    def mark(self) -> int:
        """The text as it is at this moment is going to be saved: a number for `saved`. A new mark ends the old one."""
        self._n_marks += 1
        self._order(self._journal.mark, self._n_marks)
        return self._n_marks

    def saved(self, mark: int, draft: Draft) -> None:
        """The manuscript, as `draft` describes it now, holds the text of that mark. For any thread.

        The journal starts anew on that text with the changes made since; only then the old one goes. Without such
        changes none is left. Nothing happens when there is a newer mark.
        """
        self._order(self._journal.saved, mark, draft)

    def sync_now(self, timeout_s: float = 2.0) -> bool:
        """Whether all that was recorded before is on the disk, safe from a power cut; waits for it so long at most."""
        return self._ask(timeout_s, self._journal.sync)

    def close(self, keep: bool, timeout_s: float = 2.0) -> bool:
        """End the journal and the thread; whether all is as asked, which is waited for so long at most.

        keep -- leave what is not saved for a recovery; otherwise it goes to the trash
        """
        return self._ask(timeout_s, self._close, keep)

    # -- the journal's thread --------------------------------------------------------------------------------------

    def _order(self, order: Callable[..., object], *arguments: object) -> None:
        self._orders.put((order, arguments))

    def _ask(self, timeout_s: float, order: Callable[..., bool], *arguments: object) -> bool:
        if not self._thread.is_alive():
            return True
        answers: SimpleQueue[bool] = SimpleQueue()
        self._order(_answer, answers, order, *arguments)
        try:
            return answers.get(timeout=timeout_s)
        except Empty:
            return False

    def _close(self, keep: bool) -> bool:
        self._ended = True
        return self._journal.close(keep)

    def _run(self) -> None:
        while not self._ended:
            due_at = self._journal.due_at()
            try:
                order, arguments = self._orders.get(
                    timeout=None if due_at is None else max(0.0, due_at - self._monotonic())
                )
                if order == self._journal.record:
                    time.sleep(_LET_PAINT_S)
                while not self._ended:
                    self._attempt(order, *arguments)
                    order, arguments = self._orders.get_nowait()
            except Empty:
                pass
            self._attempt(self._journal.run_due)

    def _attempt(self, order: Callable[..., object], *arguments: object) -> None:
        """Whatever goes wrong, the thread goes on: later changes may still reach the disk."""
        try:
            order(*arguments)
        except Exception as error:  # noqa: BLE001
            self._journal.postpone(error)


def _answer(answers: SimpleQueue[bool], order: Callable[..., bool], *arguments: object) -> None:
    done = False
    try:
        done = order(*arguments)
    finally:
        answers.put(done)
