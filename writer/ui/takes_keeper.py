"""Every continuation that the model has offered for the open manuscript, kept through restarts."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from PySide6.QtCore import QObject, Signal

from writer.document.change import Change
from writer.document.document import Document
from writer.document.takes.take_record import Fate, TakeRecord, fate_in_text
from writer.document.takes.take_store import TakeStore
from writer.errors import WriterError
from writer.ui.errands import Errands


class TakesKeeper(QObject):
    """The records are in memory; the disk follows on the errands' thread.

    What has become of each take follows the text, through every edit, undo and redo. The id of a take is that of its
    generation.
    """

    changed = Signal(object)  # tuple[TakeRecord, ...]
    failed = Signal(str, str)  # message, hint

    def __init__(self, store: TakeStore, errands: Errands, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store, self._errands = store, errands
        self._key = ""
        self._n_opened = 0
        self._records: dict[str, TakeRecord] = {}
        self._document = Document()
        self._unsubscribe: Callable[[], None] = lambda: None

    @property
    def records(self) -> tuple[TakeRecord, ...]:
        return tuple(self._records.values())

    def get(self, take_id: str | None) -> TakeRecord | None:
        return self._records.get(take_id) if take_id is not None else None

    @property
    def key(self) -> str:
        return self._key

    def open(self, key: str, document: Document) -> None:
        """The takes of another manuscript, `document`; those that arrive before they are read are its own."""
        self._key, self._records, self._document = key, {}, document
        self._unsubscribe()
        self._unsubscribe = document.subscribe(self._on_document_changed)
        self._n_opened += 1
        number = self._n_opened
        self.changed.emit(())

        def show(found: Sequence[TakeRecord]) -> None:
            if number == self._n_opened:  # it may be known by another name by now
                self._records = {record.id: record for record in found} | self._records
                self.changed.emit(self.records)
                self._follow_text(self._records)

        self._errands.ask(lambda: self._store.load(key), show, self._tell)

    def moved(self, key: str, *, is_copy: bool) -> None:
        """The manuscript is now known by another name. is_copy -- it is by its old one, too"""
        if key != self._key:
            old, self._key = self._key, key
            self._do(lambda: self._store.move(old, key, keep_old=is_copy))

    def follow(self, old_key: str, key: str) -> None:
        """A manuscript that is not open any more is known by another name."""
        if old_key != key:
            self._do(lambda: self._store.move(old_key, key))

    def add(self, records: Sequence[TakeRecord]) -> None:
        key, document = self._key, self._document
        records = [replace(one, fate=fate_in_text(one, document.length_of(one.id))) for one in records]
        self._records |= {record.id: record for record in records}
        self._do(lambda: self._store.add(key, records))
        self.changed.emit(self.records)

    def refuse(self, take_ids: Iterable[str]) -> None:
        """The writer took another one: of these, those not used yet will not be."""
        found = filter(None, map(self.get, take_ids))
        self._set_fates({record.id: Fate.REFUSED for record in found if record.fate is Fate.OPEN})

    def set_pinned(self, take_id: str, is_pinned: bool) -> None:
        record, key = self._records.get(take_id), self._key
        if record is not None and record.is_pinned is not is_pinned:
            self._records[take_id] = replace(record, is_pinned=is_pinned)
            self._do(lambda: self._store.set_pinned(key, take_id, is_pinned))
            self.changed.emit(self.records)

    def erase(self, take_id: str) -> None:
        """It is gone from here when it is gone from the disk."""
        key, number = self._key, self._n_opened
        if take_id in self._records:
            self._do(lambda: self._store.erase(key, take_id), lambda: self._forget(number, [take_id]))

    def erase_all(self) -> None:
        """All that there are now; those that come meanwhile stay."""
        self._n_opened += 1  # what was read before does not come back
        key, number, gone = self._key, self._n_opened, list(self._records)
        self._do(lambda: self._store.erase_all(key), lambda: self._forget(number, gone))

    def _on_document_changed(self, change: Change) -> None:
        self._follow_text(run.generation for run in (*change.removed_runs, *change.inserted_runs))

    def _follow_text(self, take_ids: Iterable[str | None]) -> None:
        fates = {}
        for record in filter(None, map(self.get, take_ids)):
            fate = fate_in_text(record, self._document.length_of(record.id))
            if fate is not record.fate:
                fates[record.id] = fate
        self._set_fates(fates)

    def _set_fates(self, fates: Mapping[str, Fate]) -> None:
        if fates:
            key = self._key
            self._records |= {take_id: replace(self._records[take_id], fate=fate) for take_id, fate in fates.items()}
            self._do(lambda: self._store.set_fates(key, fates))
            self.changed.emit(self.records)

    def _forget(self, number: int, take_ids: Sequence[str]) -> None:
        if number == self._n_opened:
            for take_id in take_ids:
                self._records.pop(take_id, None)
            self.changed.emit(self.records)

    def _do(self, errand: Callable[[], object], then: Callable[[], object] = lambda: None) -> None:
        self._errands.ask(errand, lambda _: then(), self._tell)

    def _tell(self, error: WriterError) -> None:
        self.failed.emit(error.message, error.hint)
