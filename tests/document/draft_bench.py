"""A document whose journal is driven by hand: no thread, and a clock that stands still until it is moved."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from writer.document.change import Change
from writer.document.document import Document
from writer.document.drafts.draft_journal import DraftJournal
from writer.document.drafts.journal import Draft
from writer.document.drafts.journal_notice import JournalNotice, JournalStatus
from writer.document.drafts.recovery import DraftFound, Recovered, list_drafts, recover
from writer.document.files.file_ops import FileOps
from writer.document.generation_record import GenerationRecord
from writer.document.notes import NO_NOTES
from writer.document.provenance import Author

NOON = datetime(2031, 5, 4, 12, tzinfo=UTC)


class Bench:
    """`folders`: where journals go, and what stands in. `clock`: monotonic, seconds. `notices`: what was told."""

    def __init__(
        self,
        *folders: Path,
        ops: FileOps | None = None,
        draft: Draft | None = None,
        text: str = "",
        **begin: object,
    ) -> None:
        self.folders = folders
        self.ops = ops or FileOps()
        self.clock = 1000.0
        self.wall = NOON
        self.notices: list[JournalNotice] = []
        self.document = Document(text, notes=begin.get("notes", NO_NOTES))  # type: ignore[arg-type]
        self.journal = DraftJournal(
            folders, self.ops, monotonic=lambda: self.clock, now=lambda: self.wall, notify=self.notices.append
        )
        arguments = {"saved": True, "changes": (), "replaces": None, **begin}
        self.draft = draft or Draft("ab12", "Night")
        self.journal.begin(self.draft, text, self.document.runs(), (), **arguments)  # type: ignore[arg-type]
        replay(self.document, arguments["changes"])  # type: ignore[arg-type]
        self.document.set_notes(begin.get("notes_now", self.document.notes))  # type: ignore[arg-type]
        self.document.subscribe(lambda change: self.journal.record(change, self.clock))
        self.document.subscribe_notes(lambda notes: self.journal.record_notes(notes, self.clock))

    def type(self, text: str, at: int | None = None) -> None:
        at = len(self.document) if at is None else at
        self.document.replace(at, at, text)

    def generate(self, text: str, generation: str) -> None:
        if generation not in self.document.generations:
            record = GenerationRecord(generation, "starter", seed=7)
            self.document.add_generation(record)
            self.journal.record_generation(record)
        self.document.replace(len(self.document), len(self.document), text, Author.MODEL, generation)

    def wait(self, seconds: float) -> None:
        """Time passes, and the journal does what falls due."""
        until = self.clock + seconds
        while (due := self.journal.due_at()) is not None and due <= until:
            self.clock = max(self.clock, due)
            self.journal.run_due()
        self.clock = until
        self.wall += timedelta(seconds=seconds)

    def drafts(self) -> list[DraftFound]:
        return list_drafts(self.folders, FileOps())

    def recovered(self) -> Recovered:
        """The newest draft."""
        return recover(self.drafts()[0], FileOps())

    @property
    def statuses(self) -> list[JournalStatus]:
        return [notice.status for notice in self.notices]

    def assert_recovered_is_document(self) -> None:
        recovered = self.recovered()
        assert recovered.text == self.document.text
        assert list(recovered.runs) == self.document.runs()
        assert recovered.notes == self.document.notes
        assert recovered.problem == ""


def replay(document: Document, changes: Sequence[Change]) -> None:
    for change in changes:
        at = change.start
        document.replace(at, change.removed_end, "")
        for run in change.inserted_runs:
            part = change.inserted[at - change.start : at - change.start + run.length]
            document.replace(at, at, part, run.author, run.generation)
            at += run.length


def journals(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.journal"))


class FailingAfterwards(FileOps):
    """`refused`: which calls fail from now on, and how. A refused write has taken half of its bytes."""

    def __init__(self) -> None:
        self.refused: dict[str, int] = {}
        self.n_refused = 0

    def _refuse(self, name: str) -> None:
        if name in self.refused:
            self.n_refused += 1
            raise OSError(self.refused[name], os.strerror(self.refused[name]))

    def create(self, path: Path, mode: int = 0o600) -> int:
        self._refuse("create")
        return super().create(path, mode)

    def write(self, descriptor: int, data: bytes | memoryview) -> int:
        if "write" in self.refused:
            super().write(descriptor, data[: len(data) // 2])
        self._refuse("write")
        return super().write(descriptor, data)

    def truncate(self, descriptor: int, length: int) -> None:
        self._refuse("truncate")
        super().truncate(descriptor, length)

    def sync_data(self, descriptor: int) -> None:
        self._refuse("sync_data")
        super().sync_data(descriptor)

    def remove(self, path: Path) -> None:
        self._refuse("remove")
        super().remove(path)

    def sync_folder(self, folder: Path) -> None:
        self._refuse("sync_folder")
        super().sync_folder(folder)


def left_behind(folder: Path, text: str = "Once upon a time", draft: Draft | None = None, base: str = "") -> Path:
    """The journal of a crash: a draft that nobody writes any more."""
    bench = Bench(folder, draft=draft, text=base)
    bench.type(text)
    assert bench.journal.close(keep=True)
    return journals(folder)[-1]
