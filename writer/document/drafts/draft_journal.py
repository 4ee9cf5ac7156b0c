"""What a journal holds and when it is written: the work of the journal's thread, without the thread."""

import contextlib
import copy
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from filelock import Timeout

from writer.document.change import Change
from writer.document.drafts.draft_copy import DraftCopy
from writer.document.drafts.journal import BaseText, Draft, JournalLines, is_journal_of, journal_name, new_draft_id
from writer.document.drafts.journal_file import JournalFile, copy_to_trash, move_to_trash, next_order
from writer.document.drafts.journal_notice import JournalNotice, Notifier
from writer.document.drafts.strays import Strays
from writer.document.drafts.unwritten import Item, Unwritten, add_change
from writer.document.files.file_ops import FileOps
from writer.document.generation_record import GenerationRecord
from writer.document.notes import NO_NOTES, Notes
from writer.document.provenance import Author, Run

SYNC_AFTER_S = 5.0  # of the first change that a power cut could take
FIRST_RETRY_S, LAST_RETRY_S = 1.0, 60.0
CHECKPOINT_BYTES = 8 * 2**20
_CHECKPOINT_TEXTS = 4  # a journal may grow to so many times the text, and to CHECKPOINT_BYTES


class DraftJournal:
    """One draft: a copy of its text that follows every change, the changes not yet written, and the file.

    A failure of the file system is told by `notify` and tried again later, in the first of the folders that takes it.
    Nothing is dropped for it: the copy has everything, and a file that cannot be trusted is written anew from the copy.
    `at` and all clocks are seconds of the monotonic clock.
    """

    def __init__(
        self,
        folders: Sequence[Path],
        ops: FileOps,
        *,
        monotonic: Callable[[], float],
        now: Callable[[], datetime],
        notify: Callable[[JournalNotice], None],
    ) -> None:
        """folders -- the first is where journals belong, the others stand in for it"""
        self._folders, self._ops = folders, ops
        self._monotonic, self._now = monotonic, now
        self._notifier = Notifier(folders[0], notify)
        self._draft = Draft("")
        self._copy = DraftCopy()
        self._is_lost = False  # a change did not fit: the copy is no longer the document's text
        self._base: BaseText | None = None  # what the file that is yet to be made starts from
        self._unwritten = Unwritten()
        self._unsynced_since: float | None = None
        self._caret: int | None = None  # None: where the last change ends
        self._written_caret: int | None = None
        self._written_notes = NO_NOTES
        self._mark: int | None = None
        self._since_mark: list[Change] = []
        self._notes_at_mark = NO_NOTES
        self._replaces: Path | None = None
        self._has_copied_replaced = False
        self._file: JournalFile | None = None
        self._strays = Strays(ops)
        self._lines = JournalLines()
        self._checkpoint_bytes = 0
        self._retry_at: float | None = None
        self._retry_s = FIRST_RETRY_S

    # -- what happens to the document ------------------------------------------------------------------------------

    def begin(
        self,
        draft: Draft,
        text: str,
        runs: Iterable[Run],
        generations: Iterable[GenerationRecord],
        saved: bool,
        changes: Sequence[Change],
        replaces: Path | None,
        notes: Notes = NO_NOTES,
        notes_now: Notes | None = None,
    ) -> None:
        """See `JournalWriter.begin`."""
        self._draft, self._replaces = draft, replaces
        self._copy = DraftCopy(text, runs, generations, notes)
        notes_now = notes if notes_now is None else notes_now
        if changes or notes_now != notes or not saved or replaces is not None:
            self._base = self._copy.whole(saved=saved)
            self._copy.notes = notes_now
            for change in changes:
                self._follow(change)
            self._unwritten = Unwritten(list(changes))
            self._flush()

    def record(self, change: Change, at: float) -> None:
        """Raises IndexError for a change of another text; what comes after one is passed over."""
        if self._is_lost:
            return
        self._begin_file()
        self._follow(change)
        self._unwritten.add(change, at)
        if self._mark is not None:
            add_change(self._since_mark, change)
        if change.author is Author.HUMAN:
            self._caret = None

    def record_generation(self, generation: GenerationRecord) -> None:
        """Written with the next change: it tells nothing without its text."""
        self._copy.add_generation(generation)
        self._unwritten.add_generation(generation)

    def record_notes(self, notes: Notes, at: float) -> None:
        if self._is_lost:
            return
        self._begin_file()
        self._copy.notes = notes
        self._unwritten.wait_since(at)

    def record_caret(self, position: int) -> None:
        """Written with the next change, or at a sync."""
        self._caret = position

    def mark(self, number: int) -> None:
        """The text as it is now is going to be saved."""
        self._mark, self._since_mark, self._notes_at_mark = number, [], self._copy.notes
        if self._unwritten.since is not None:
            self._flush()  # a crash right after the save finds in the journal what the manuscript holds

    def saved(self, number: int, draft: Draft) -> None:
        """The manuscript holds the text as it was at that mark. Nothing happens unless that is the newest mark."""
        if number != self._mark or self._is_lost:
            return
        since, self._since_mark, self._mark = self._since_mark, [], None
        self._draft = replace(draft, started=self._draft.started)
        if since or self._copy.notes != self._notes_at_mark:
            self._start_anew(self._copy.before(since, self._notes_at_mark), since)
        else:
            self._unwritten, self._base = Unwritten(), None
            self._remove_file()

    # -- when it is written ----------------------------------------------------------------------------------------

    def due_at(self) -> float | None:
        """When `run_due` has something to do; None when it waits for changes."""
        if self._retry_at is not None:
            return self._retry_at
        sync_at = None if self._unsynced_since is None else self._unsynced_since + SYNC_AFTER_S
        return min((at for at in (self._unwritten.due_at(), sync_at) if at is not None), default=None)

    def run_due(self) -> None:
        """Write and sync what is due by now."""
        due, now = self.due_at(), self._monotonic()
        if due is None or now < due:
            return
        self._flush()
        if self._unsynced_since is not None and now >= self._unsynced_since + SYNC_AFTER_S:
            self._sync()

    def sync(self) -> bool:
        """Write and sync everything now; whether that succeeded."""
        return self._flush(with_caret=True) and self._sync() and not self._is_lost

    def close(self, keep: bool) -> bool:
        """End it: with everything on the disk for a recovery, or in the trash. Whether that succeeded."""
        done = self.sync() if keep else True
        file, self._file = self._file, None
        if file is not None:
            try:
                file.close() if keep else file.move_to_trash(self._now())
            except OSError:
                done = False
        return done

    def postpone(self, error: BaseException) -> None:
        """Tell a failure, once, and wait before the next attempt: longer each time."""
        self._retry_at = self._monotonic() + self._retry_s
        self._retry_s = min(2 * self._retry_s, LAST_RETRY_S)
        self._notifier.not_kept(error)

    # -- writing ---------------------------------------------------------------------------------------------------

    def _flush(self, with_caret: bool = False) -> bool:
        """Write what is not in the file; whether nothing is left. `with_caret`: also when only that has moved."""
        file, failure = self._file, None
        if file is None and self._base is None:
            self._is_kept()
            return True
        if file is not None and file.sound:
            has_moved = with_caret and self._caret not in (None, self._written_caret)
            try:
                if self._unwritten.since is not None or has_moved:
                    self._append(file)
            except OSError as error:
                failure = error
            else:
                self._is_kept()
                return self._keep_small(file)
        return self._write_whole(failure)

    def _append(self, file: JournalFile) -> None:
        lines = copy.copy(self._lines)
        file.append(
            lines.items(self._unwritten.items)
            + self._notes_since(self._written_notes, lines)
            + lines.caret(self._caret)
        )
        self._lines, self._written_caret, self._written_notes = lines, self._caret, self._copy.notes
        if self._unsynced_since is None:
            self._unsynced_since = self._monotonic() if self._unwritten.since is None else self._unwritten.since
        self._unwritten = Unwritten()

    def _write_whole(self, failure: OSError | None) -> bool:
        """A file with everything, in the first folder that takes it, in the place of the one there may be.

        failure -- why nothing could be appended to that one
        """
        if self._file is not None and self._file.is_gone:
            self._file.close()
            self._file, self._base, self._unwritten.items = None, self._copy.whole(saved=False), []
        base = self._base or self._copy.whole(saved=False)
        lines, data = self._encode(base, self._unwritten.items if self._base else [])
        old = self._file
        for folder in self._folders:
            try:
                if old is not None and old.path.parent == folder:
                    old.replace(data)
                else:
                    self._file = self._make_file(folder, data)
            except Timeout:  # another process took up the same draft: from here on these are two
                self._draft, self._replaces = replace(self._draft, id=new_draft_id()), None
                return self._write_whole(failure)
            except OSError as error:
                failure = failure or error
            else:
                self._is_written(lines)
                self._remove_replaced(old)
                self._is_kept(failure)
                return True
        assert failure is not None
        self.postpone(failure)
        return False

    def _make_file(self, folder: Path, data: bytes) -> JournalFile:
        order, replaces, over = next_order(self._folders, self._ops), self._replaces, None
        if replaces is not None and replaces.parent == folder and is_journal_of(replaces.name, self._draft.id):
            with contextlib.suppress(FileNotFoundError):
                if not self._has_copied_replaced:
                    copy_to_trash(replaces, self._ops, self._now())
                    self._has_copied_replaced = True
                over = replaces
        self._strays.suspect(folder / journal_name(order, self._draft.id))
        file = JournalFile(folder, self._draft.id, order, data, self._ops, over)
        self._strays.clear(file.path)
        return file

    def _start_anew(self, base: BaseText, since: list[Change]) -> None:
        """On a saved text, and what came since; failing that, go on with the file as it is."""
        if self._file is None:
            self._base, self._unwritten.items = base, list(since)
        else:
            lines, data = self._encode(base, since)
            with contextlib.suppress(OSError):
                self._file.replace(data)
                self._is_written(lines)
        self._flush()

    def _keep_small(self, file: JournalFile) -> bool:
        """Write a long file anew; False when that has left none that can be written."""
        if file.length <= self._checkpoint_bytes:
            return True
        lines, data = self._encode(self._copy.whole(saved=False), [])
        try:
            file.replace(data)
        except OSError as error:
            self._checkpoint_bytes *= 2  # the disk may be nearly full, and what is there is complete
            return file.sound or self._write_whole(error)
        self._is_written(lines)
        return True

    def _sync(self) -> bool:
        if self._file is None or self._unsynced_since is None:
            return True
        if not self._file.sound:  # it is to be written anew, which has just failed
            return False
        try:
            self._file.sync()
        except OSError as error:
            return self._write_whole(error)
        self._unsynced_since = None
        return True

    def _remove_file(self) -> None:
        file, self._file = self._file, None
        self._unsynced_since = None
        if file is not None:
            self._strays.give_up(file)
        self._is_kept()

    def _remove_replaced(self, old: JournalFile | None) -> None:
        if old is not None and old is not self._file:
            self._strays.give_up(old)
        with contextlib.suppress(OSError):
            if self._replaces is not None:
                move_to_trash(self._replaces, self._ops, self._now())
        self._replaces = None

    # -- small steps -----------------------------------------------------------------------------------------------

    def _begin_file(self) -> None:
        """Before the first change since the manuscript was saved."""
        if self._file is None and self._base is None:
            self._base = self._copy.whole(saved=True)
            self._draft = replace(self._draft, started=self._now())

    def _follow(self, change: Change) -> None:
        try:
            self._copy.follow(change)
        except IndexError:
            self._is_lost = True
            raise

    def _encode(self, base: BaseText, items: Iterable[Item]) -> tuple[JournalLines, bytes]:
        lines = JournalLines()
        data = lines.draft(self._draft) + lines.text(base) + lines.items(items)
        return lines, data + self._notes_since(base.notes, lines) + lines.caret(self._caret)

    def _notes_since(self, earlier: Notes | None, lines: JournalLines) -> bytes:
        return b"" if self._copy.notes == earlier else lines.notes(self._copy.notes)

    def _is_written(self, lines: JournalLines) -> None:
        """A file was written whole, and synced."""
        self._lines, self._written_caret, self._written_notes = lines, self._caret, self._copy.notes
        self._unwritten = Unwritten()
        self._base = self._unsynced_since = None
        self._checkpoint_bytes = max(CHECKPOINT_BYTES, _CHECKPOINT_TEXTS * len(self._copy))

    def _is_kept(self, refusal: OSError | None = None) -> None:
        """All is written. `refusal`: why the first folder did not take it."""
        self._retry_at, self._retry_s = None, FIRST_RETRY_S
        self._strays.remove(self._file)
        if not self._is_lost:
            self._notifier.kept(None if self._file is None else self._file.path.parent, refusal)
