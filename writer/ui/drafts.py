"""Text that no file holds: listed after a crash and on request, looked at, taken up again, put away."""

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from writer.document.comparison import Row, compare
from writer.document.drafts.journal import BaseText
from writer.document.drafts.recovery import (
    DraftFound,
    FileOnDisk,
    Recovered,
    discard,
    empty_trash,
    list_drafts,
    recover,
)
from writer.document.drafts.taking_up import TakenUp, take_up_draft
from writer.document.files.text_file import open_text
from writer.document.manuscript import Desk, Manuscript
from writer.errors import WriterError
from writer.ui.errands import Errands
from writer.ui.files import FileController
from writer.ui.recovery_page import RecoveryPage
from writer.ui.safekeeping import Safekeeping

_FOLLOWED = (FileOnDisk.NONE, FileOnDisk.BASE)


class DraftsController(QObject):
    """Fills the page of drafts and does what it asks for. It deletes nothing by itself."""

    page_requested = Signal()
    page_left = Signal()
    comparison_ready = Signal(str, str, object)  # titles left and right, list[Row]
    taken_up = Signal(int)  # the caret, -1 where it is not known

    def __init__(
        self,
        files: FileController,
        desk: Desk,
        errands: Errands,
        safekeeping: Safekeeping,
        page: RecoveryPage,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._files, self._desk, self._errands = files, desk, errands
        self._safekeeping, self._page = safekeeping, page
        page.open_requested.connect(self.take_up)
        page.compare_requested.connect(self._compare)
        page.discard_requested.connect(self._discard)
        page.chosen.connect(self._preview)
        page.closed.connect(self.page_left)
        files.opened.connect(self._look_for_unsaved)

    def begin(self) -> None:
        """Once at the start: what was thrown away a month ago goes now."""
        desk = self._desk

        def empty() -> None:
            for folder in (desk.recovery, desk.fallback):
                empty_trash(folder, desk.ops, desk.now())

        self._errands.ask(empty, lambda _: None, self._tell)

    def find(self, then: Callable[[tuple[DraftFound, ...]], object]) -> None:
        """The drafts that no window has open, the newest first."""
        folders, ops = (self._desk.recovery, self._desk.fallback), self._desk.ops
        self._errands.ask(
            lambda: tuple(found for found in list_drafts(folders, ops) if not found.in_use), then, self._tell
        )

    def show(self) -> None:
        """Open the page, also when there is nothing on it."""

        def show(found: tuple[DraftFound, ...]) -> None:
            self._page.set_drafts(found, self._desk.now())
            self.page_requested.emit()

        self.find(show)

    def take_up(self, found: DraftFound) -> None:
        """Go on with a draft; the present manuscript is secured first."""
        self._files.secure(
            lambda: self._errands.ask(
                lambda: take_up_draft(found, self._desk), lambda taken: self._on_taken_up(found, taken), self._tell
            )
        )

    def _on_taken_up(self, found: DraftFound, taken: TakenUp) -> None:
        manuscript, recovered = taken.manuscript, taken.recovered
        follows = recovered.file_on_disk in _FOLLOWED
        base = BaseText(recovered.base_text, recovered.base_runs, notes=recovered.base_notes)
        self._files.show_recovered(
            manuscript,
            lambda: self._safekeeping.watch(
                manuscript,
                saved=follows and recovered.base_saved,
                changes=recovered.changes if follows else (),
                base=base if follows else None,
                replaces=found.journal,
            ),
        )
        self.taken_up.emit(-1 if recovered.caret is None else min(recovered.caret, len(manuscript.document)))
        for notice in taken.notices:
            self._files.tell(notice)
        self.page_left.emit()

    def _look_for_unsaved(self, m: Manuscript) -> None:
        """A file that was opened may have changes that were never saved."""
        if m.path is None or m.read_only or m.document.modified:
            return

        def tell(drafts: tuple[DraftFound, ...]) -> None:
            mine = [found for found in drafts if found.path == m.path and found.recoverable]
            is_asked = self._page.isVisible()  # the page says so already
            if mine and not is_asked and m is self._files.manuscript and not m.document.modified:
                self._files.tell(
                    f"There are changes to {m.title} that were never saved.",
                    "They wait under File, Drafts until you take them up or throw them away.",
                    "info",
                    (("Take them up", lambda: self.take_up(mine[0])), ("Look at them", self.show)),
                )

        self.find(tell)

    def _preview(self, found: DraftFound) -> None:
        self._errands.ask(
            lambda: recover(found, self._desk.ops),
            lambda recovered: self._page.set_preview(found, recovered.text, recovered.problem),
            lambda error: self._page.set_preview(found, "", f"{error.message} {error.hint}".strip()),
        )

    def _compare(self, found: DraftFound) -> None:
        ops = self._desk.ops

        def read_both() -> tuple[Recovered, list[Row]]:
            recovered = recover(found, ops)
            path = recovered.draft.path
            return recovered, compare(open_text(path, ops).text if path else "", recovered.text)

        def show(both: tuple[Recovered, list[Row]]) -> None:
            path = both[0].draft.path
            self.comparison_ready.emit(f"{path.name} on the disk" if path else "Nothing saved", "The draft", both[1])

        self._errands.ask(read_both, show, self._tell)

    def _discard(self, found: DraftFound) -> None:
        self._errands.ask(lambda: discard(found, self._desk.ops, self._desk.now()), lambda _: self.show(), self._tell)

    def _tell(self, error: WriterError) -> None:
        self._files.tell(error.message, error.hint, "error")
