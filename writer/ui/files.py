"""Which manuscript is open: new, open, save, save as. Nothing that was written is lost by any of them."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QInputDialog, QWidget

from writer.document.document import Document, DocumentState
from writer.document.files.document_lock import HeldBy
from writer.document.files.encoding import ENCODINGS, TextFormat, UnencodableCharacter
from writer.document.files.saving import FileChanged, FileDeleted, NeedsInPlace
from writer.document.manuscript import (
    Desk,
    Manuscript,
    Opened,
    SavedAs,
    open_manuscript,
    save_manuscript,
    save_manuscript_as,
)
from writer.errors import WriterError
from writer.ui.documents_folder import documents_folder
from writer.ui.errands import Errands
from writer.ui.notices import NoticeAction, NoticeKind
from writer.ui.safekeeping import Safekeeping

_FILTER = "Text and Markdown (*.txt *.md *.markdown);;All files (*)"
VERSION_PAUSE = timedelta(minutes=5)  # between versions of saves that nobody asked for
_READ_ONLY_HINT = "Save it under another name to work on it."

Then = Callable[[], object]


def nothing() -> None:
    """What follows where nothing does."""


class FileController(QObject):
    """Owns the present manuscript. Errors are told by `noticed`, never raised; the disk is never waited for."""

    settling = Signal()  # the manuscript is to be saved or left: whoever holds something of it back shall give it now
    opened = Signal(object)  # Manuscript
    saved = Signal(object)  # Manuscript: its file holds the text as it was when that was asked for
    save_failed = Signal(object)  # WriterError
    contested = Signal(object)  # Manuscript: another program has changed its file
    title_changed = Signal()
    saving_changed = Signal()
    noticed = Signal(str, str, str, object)  # message, hint, NoticeKind, tuple[NoticeAction, ...]
    withdrawn = Signal(str)  # the message of a notice that no longer holds
    place_requested = Signal(int)  # a character to show

    def __init__(self, window: QWidget, desk: Desk, errands: Errands, safekeeping: Safekeeping) -> None:
        super().__init__(window)
        self._window, self._desk, self._errands, self._safekeeping = window, desk, errands, safekeeping
        self.manuscript = Manuscript(Document())
        self._version_kept = desk.now() - VERSION_PAUSE
        self.autosaves = True
        self._saving = False
        self._told: type[WriterError] | tuple[()] = ()  # how the last save failed
        self._waiting: list[tuple[Then, Then]] = []  # who wants another save once the present one has ended
        safekeeping.watch(self.manuscript)

    @property
    def document(self) -> Document:
        return self.manuscript.document

    @property
    def path(self) -> Path | None:
        return self.manuscript.path

    @property
    def title(self) -> str:
        return self.manuscript.title

    @property
    def is_saving(self) -> bool:
        return self._saving

    def tell(
        self, message: str, hint: str = "", kind: NoticeKind = "info", actions: tuple[NoticeAction, ...] = ()
    ) -> None:
        self.noticed.emit(message, hint, kind, actions)

    def withdraw(self, message: str) -> None:
        """A notice no longer holds."""
        self.withdrawn.emit(message)

    # -- which manuscript ----------------------------------------------------------------------------------------

    def new(self, text: str = "") -> None:
        """An untitled document that begins with `text`."""
        self.secure(lambda: self.show(Manuscript(Document(text))))

    def open(self) -> None:
        """Ask for a file and open it."""
        folder = self.path.parent if self.path else documents_folder()
        name, _ = QFileDialog.getOpenFileName(self._window, "Open", str(folder), _FILTER)
        if name:
            self.open_path(Path(name))

    def open_path(
        self, path: Path, encoding: str | None = None, despite: HeldBy | None = None, then: Then = nothing
    ) -> None:
        """Open `path` in place of the present manuscript, which stays when that fails. See `open_manuscript`."""
        self.secure(
            lambda: self._errands.ask(
                lambda: open_manuscript(path, self._desk, encoding, despite=despite),
                lambda opened: self._on_opened(opened, then),
                self._tell_error,
            )
        )

    def show(self, manuscript: Manuscript) -> None:
        """Take up a manuscript in place of the present one; unsaved text of that waits among the drafts."""
        self._leave()
        self._safekeeping.watch(manuscript)
        self._take_up(manuscript)

    def show_recovered(self, manuscript: Manuscript, watch: Then) -> None:
        """The same for what comes from a draft; `watch` has it kept from its beginning."""
        self._leave()
        watch()
        self._take_up(manuscript)

    def secure(self, then: Then) -> None:
        """Go on with `then` once the present manuscript is saved, as far as it has a file and may be saved by itself.
        Other unsaved text is in the journal."""
        self.settling.emit()
        if self.may_autosave:
            self.save(then, then)
        else:
            then()

    @property
    def may_autosave(self) -> bool:
        """Whether there is something to save that nobody needs to be asked about."""
        m = self.manuscript
        return bool(m.path and m.document.modified and not m.read_only and not m.is_contested and self.autosaves)

    def close(self) -> None:
        """The window closes: what no file holds waits for the next start."""
        self._leave()

    def _leave(self) -> None:
        self.settling.emit()
        left = self.manuscript
        if left.has_unsaved_text and left.path is not None and not left.read_only:
            self.tell(f"{left.title} has changes that are not saved.", "They wait under File, Drafts.")
        self._safekeeping.leave(keep=left.has_unsaved_text)
        if left.lock is not None:
            lock, left.lock = left.lock, None
            self._errands.ask(lock.release, lambda _: None, self._tell_error)

    def _take_up(self, manuscript: Manuscript) -> None:
        self.manuscript = manuscript
        self.opened.emit(manuscript)
        self.title_changed.emit()
        self.saving_changed.emit()

    def _on_opened(self, opened: Opened, then: Then) -> None:
        self.show(opened.manuscript)
        path, held_by = opened.manuscript.path, opened.held_by
        for notice in opened.notices:
            self.tell(notice, actions=(("Choose the encoding…", self.choose_encoding),) if "read as" in notice else ())
        if path is not None and held_by is not None:
            open_anyway = ("Open it here", lambda: self.open_path(path, despite=held_by))
            self.tell(held_by.description, "Here you can read it.", "error", (open_anyway,))
        elif opened.manuscript.read_only:
            choose = ("Choose the encoding…", self.choose_encoding)
            self.tell(opened.manuscript.read_only, "", "error", (choose,))
        then()

    def choose_encoding(self) -> None:
        """Read the present file anew, as the writer says that it is stored."""
        path, labels = self.path, list(ENCODINGS.values())
        if path is None:
            return
        label, chosen = QInputDialog.getItem(
            self._window, "Encoding", f"How is {path.name} stored?", labels, editable=False
        )
        if chosen:
            self.open_path(path, next(codec for codec, name in ENCODINGS.items() if name == label))

    # -- saving --------------------------------------------------------------------------------------------------

    def save(self, then: Then = nothing, otherwise: Then = nothing) -> None:
        """Save under the present name, or ask for one. `then` follows once the text is on the disk, `otherwise` when
        it could not be saved."""
        if self.path is None:
            self.save_as(then, otherwise)
        elif self.manuscript.read_only:
            self.tell(self.manuscript.read_only, _READ_ONLY_HINT, "error", (self._save_as_action(),))
            otherwise()
        elif self._saving:
            self._waiting.append((then, otherwise))
        else:
            self._save(then, otherwise)

    def save_by_itself(self) -> None:
        """Save without having been asked to: a failure that was told already is not told again."""
        if not self._saving and self.path is not None:
            self._save(nothing, nothing, by_itself=True)

    def overwrite(self, then: Then = nothing) -> None:
        """Save, whatever the file holds now; that is kept as a version."""
        self._save(then, nothing, overwrite=True)

    def save_as(self, then: Then = nothing, otherwise: Then = nothing) -> None:
        """Ask for a name and save."""
        suggestion = self.path or documents_folder() / "Untitled.txt"
        name, _ = QFileDialog.getSaveFileName(self._window, "Save as", str(suggestion), _FILTER)
        if name:
            self.save_to(Path(name), then, otherwise)
        else:
            otherwise()

    def save_to(self, path: Path, then: Then = nothing, otherwise: Then = nothing) -> None:
        """Save into another file, which the writer has chosen, and go on with that one."""
        self.settling.emit()
        m, snapshot, mark = self.manuscript, self.manuscript.snapshot(), self._safekeeping.mark()
        key, keeps_former = m.key, m.path is not None
        self._set_saving(True)

        def save() -> tuple[SavedAs, object]:
            return save_manuscript_as(snapshot, path, self._desk, key, keeps_former=keeps_former)

        def saved(answer: tuple[SavedAs, object]) -> None:
            former, m.lock = m.lock, answer[1]  # type: ignore[assignment]
            if former is not None and former is not m.lock:
                self._errands.ask(former.release, lambda _: None, self._tell_error)
            m.read_only = ""
            self._on_saved(m, answer[0], snapshot.state, mark, then)

        self._errands.ask(save, saved, lambda error: self._on_save_failed(m, error, otherwise))

    def follow(self, m: Manuscript) -> None:
        """The present manuscript says what its file says, without a save of ours."""
        self._safekeeping.saved(self._safekeeping.mark(), m)
        self.title_changed.emit()
        self.saving_changed.emit()

    def _save(
        self, then: Then, otherwise: Then, *, overwrite: bool = False, in_place: bool = False, by_itself: bool = False
    ) -> None:
        self.settling.emit()
        m, snapshot, mark = self.manuscript, self.manuscript.snapshot(), self._safekeeping.mark()
        path = m.path
        assert path is not None
        # Saves by themselves come every few seconds; their versions need not.
        keeps_version = not by_itself or abs(self._desk.now() - self._version_kept) >= VERSION_PAUSE
        if keeps_version:
            self._version_kept = self._desk.now()
        self._set_saving(True)
        save = partial(save_manuscript, snapshot, path, self._desk, overwrite=overwrite, in_place=in_place)
        self._errands.ask(
            lambda: save(keeps_version=keeps_version),
            lambda saved: self._on_saved(m, saved, snapshot.state, mark, then),
            lambda error: self._on_save_failed(m, error, otherwise, by_itself),
        )

    def _on_saved(self, m: Manuscript, saved: SavedAs, state: DocumentState, mark: int, then: Then) -> None:
        m.path, m.format, m.fingerprint, m.is_contested = saved.path, saved.format, saved.fingerprint, False
        m.document.mark_saved(state)
        self._told = ()
        if m is self.manuscript:
            self._safekeeping.saved(mark, m)
        for notice in saved.notices:
            self.tell(notice)
        if saved.displaced:
            self.tell(
                f"Another program wrote into {m.title} in the moment of saving.", "What it wrote is kept as a version."
            )
        self._set_saving(False)
        self.title_changed.emit()
        self.saved.emit(m)
        then()
        self._go_on_saving()

    def _go_on_saving(self) -> None:
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        thens = [then for then, _ in waiting]
        otherwises = [otherwise for _, otherwise in waiting]
        if self.document.modified:
            self.save(lambda: _all(thens), lambda: _all(otherwises))
        else:
            _all(thens)

    def _on_save_failed(self, m: Manuscript, error: WriterError, otherwise: Then, by_itself: bool = False) -> None:
        self._set_saving(False)
        waiting, self._waiting = self._waiting, []
        if m is self.manuscript and not (by_itself and isinstance(error, self._told)):
            self._explain(m, error)
        self._told = type(error)
        self.save_failed.emit(error)
        otherwise()
        _all([otherwise for _, otherwise in waiting])

    def _explain(self, m: Manuscript, error: WriterError) -> None:
        save_as = self._save_as_action()
        actions: tuple[NoticeAction, ...] = (save_as,)
        match error:
            case FileChanged():
                m.is_contested = True
                self.contested.emit(m)
                return
            case FileDeleted():
                actions = (("Save it again", self.overwrite), save_as)
            case NeedsInPlace():
                actions = (save_as, ("Write into the file", lambda: self._save(nothing, nothing, in_place=True)))
            case UnencodableCharacter():
                show = ("Show it", lambda: self.place_requested.emit(error.offset))
                actions = (("Save as UTF-8", self._save_as_utf8), show)
        self.tell(error.message, error.hint, "error", actions)

    def _save_as_utf8(self) -> None:
        self.manuscript.format = TextFormat(newline=self.manuscript.format.newline)
        self.save()

    def _save_as_action(self) -> NoticeAction:
        return ("Save as…", self.save_as)

    def _set_saving(self, saving: bool) -> None:
        self._saving = saving
        self.saving_changed.emit()

    def _tell_error(self, error: WriterError) -> None:
        self.tell(error.message, error.hint, "error")


def _all(callbacks: list[Then]) -> None:
    for callback in callbacks:
        callback()
