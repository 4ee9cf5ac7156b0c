"""Earlier versions of the open manuscript: kept by themselves and by hand, compared, and brought back."""

from collections.abc import Callable
from datetime import datetime, timedelta

from PySide6.QtCore import QObject, QTimer, Signal, SignalInstance

from writer.document.change import Change
from writer.document.comparison import Row, compare, restoration
from writer.document.manuscript import Desk, Manuscript
from writer.document.provenance import Author, Run
from writer.document.rewriting import restore, rewrite
from writer.document.versions.version_store import Reason, Version, VersionText
from writer.errors import WriterError
from writer.ui.errands import Errands
from writer.ui.files import FileController
from writer.ui.moments import day_text, time_text
from writer.ui.versions_panel import VersionsPanel

LARGE_DELETION_CHARS = 1_000
LARGE_DELETION_SHARE = 0.05  # of the text before it
_REMARKABLE_SHARE = 0.5
_BEFORE_GENERATION = timedelta(minutes=5)  # versions before the model writes are no closer together
_COMPARE_AGAIN_MS = 400  # after an edit, while a comparison is shown


class VersionsController(QObject):
    """Keeps versions at the moments that may be regretted, and fills the panel while it is open."""

    comparison_ready = Signal(str, str, object)  # titles left and right, list[Row]; its rows can be restored
    comparison_changed = Signal(str, str, object)  # the same once more, after an edit

    def __init__(
        self, files: FileController, desk: Desk, errands: Errands, panel: VersionsPanel, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._files, self._desk, self._errands, self._panel = files, desk, errands, panel
        self._last_before_generation = desk.now() - _BEFORE_GENERATION
        self._compared: tuple[Manuscript, Version, VersionText] | None = None
        self._rows: list[Row] = []
        self._again = QTimer(self)
        self._again.setSingleShot(True)
        self._again.setInterval(_COMPARE_AGAIN_MS)
        self._again.timeout.connect(lambda: self._compare_both(self.comparison_changed))
        files.opened.connect(self._on_opened)
        files.saved.connect(lambda _: self.refresh())
        panel.keep_requested.connect(self.keep)
        panel.compare_requested.connect(self.compare)
        panel.restore_requested.connect(self.restore)
        panel.rename_requested.connect(
            lambda version, name: self._change(lambda: self._desk.versions.rename(version, name))
        )
        panel.delete_requested.connect(lambda version: self._change(lambda: self._desk.versions.delete(version)))

    # -- keeping -------------------------------------------------------------------------------------------------

    def keep(self, name: str = "") -> None:
        """Keep the text as it is, since the writer says so."""
        self._keep(Reason.BY_HAND, name)

    def before_generation(self) -> None:
        """The model is about to write."""
        now = self._desk.now()
        if abs(now - self._last_before_generation) >= _BEFORE_GENERATION:  # the clock may have gone back
            self._last_before_generation = now
            self._keep(Reason.GENERATION)

    def before_bulk(self, reason: Reason) -> None:
        """Much of the text is about to be replaced at once."""
        self._keep(reason)

    def _keep(self, reason: Reason, name: str = "") -> None:
        document = self._files.document
        if (text := document.text) and not text.isspace():
            self._add(self._files.manuscript, text, document.runs(), reason, name)

    def _add(self, m: Manuscript, text: str, runs: list[Run], reason: Reason, name: str = "") -> None:
        key, now, versions = m.key, self._desk.now(), self._desk.versions
        used = {run.generation for run in runs}
        generations = [record for record in m.document.generations.values() if record.id in used]
        self._change(lambda: versions.add(key, text, runs, generations, reason, now, name))

    def _on_opened(self, m: Manuscript) -> None:
        self._compared = None
        m.document.subscribe(lambda change: self._on_changed(m, change))
        is_as_in_file = m.path is not None and not m.read_only and not m.document.modified
        if is_as_in_file and (text := m.document.text) and not text.isspace():
            # What stood in the file when it was opened; the store knows when that is the newest already. The page comes
            # first: packing a long text would slow it down.
            runs = m.document.runs()
            QTimer.singleShot(0, self, lambda: self._add(m, text, runs, Reason.OTHER_PROGRAM))
        self.refresh()

    def _on_changed(self, m: Manuscript, change: Change) -> None:
        if self._compared is not None:
            self._again.start()
        lost = len(change.removed) - len(change.inserted)
        if lost < LARGE_DELETION_CHARS or change.author is not Author.HUMAN:
            return
        document = m.document
        if lost < LARGE_DELETION_SHARE * (len(document) + lost):
            return
        before = document.slice(0, change.start) + change.removed + document.slice(change.inserted_end, len(document))
        runs = [
            *document.runs(0, change.start),
            *change.removed_runs,
            *document.runs(change.inserted_end, len(document)),
        ]
        self._add(m, before, runs, Reason.LARGE_DELETION)
        if lost > _REMARKABLE_SHARE * (len(document) + lost):
            self._files.tell(
                f"{len(change.removed.split()):,} words went at once.",
                "Undo brings them back; the text as it was is also among the versions.",
            )

    # -- the panel -----------------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Show the versions of the present manuscript, while the panel is open."""
        if not self._panel.isVisible():
            return
        m = self._files.manuscript

        def show(versions: tuple[Version, ...]) -> None:
            if m is self._files.manuscript:
                self._panel.set_versions(versions, self._desk.now())

        key = m.key
        self._errands.ask(lambda: self._desk.versions.list(key), show, self._tell)

    def _change(self, errand: Callable[[], object]) -> None:
        self._errands.ask(errand, lambda _: self.refresh(), self._tell)

    # -- comparing and going back --------------------------------------------------------------------------------

    def compare(self, version: Version) -> None:
        """Show a version beside the text."""
        m = self._files.manuscript

        def show(content: VersionText) -> None:
            self._compared = (m, version, content)
            self._compare_both(self.comparison_ready)

        self._errands.ask(lambda: self._desk.versions.read(version), show, self._tell)

    def end_comparison(self) -> None:
        self._compared = None

    def restore_rows(self, chosen: tuple[int, ...]) -> None:
        """Bring back what some rows of the comparison say in the version, authorship included."""
        if self._compared is None or self._again.isActive():
            return  # the text is another one by now; the rows come anew in a moment
        m, _, content = self._compared
        pieces = restoration(self._rows, content.text, m.document.text, chosen)
        for record in content.generations:
            m.document.add_generation(record)
        restore(m.document, pieces, content.runs, "Bringing back")

    def restore(self, version: Version) -> None:
        """Go back to a version; the text as it is becomes a version too, and one undo takes it back."""
        m = self._files.manuscript

        def apply(content: VersionText) -> None:
            if m is not self._files.manuscript:
                return
            self.before_bulk(Reason.RESTORE)
            for record in content.generations:
                m.document.add_generation(record)
            rewrite(m.document, content.text, "Going back", content.runs)
            self._files.tell(
                f"The text is as it was: {_moment(version, self._desk.now())}.",
                "Undo takes that back; the text as it was before is among the versions.",
            )

        self._errands.ask(lambda: self._desk.versions.read(version), apply, self._tell)

    def _compare_both(self, ready: SignalInstance) -> None:
        if self._compared is None:
            return
        m, version, content = self._compared
        if m is not self._files.manuscript:
            return
        text = m.document.text
        now = self._desk.now()

        def show(rows: list[Row]) -> None:
            if self._compared is not None and m.document.text == text:
                self._rows = rows
                ready.emit(_moment(version, now), "Your text", rows)

        self._errands.ask(lambda: compare(content.text, text), show, self._tell)

    def _tell(self, error: WriterError) -> None:
        self._files.tell(error.message, error.hint, "error")


def _moment(version: Version, now: datetime) -> str:
    day, time = day_text(version.time, now), time_text(version.time, now)
    return f"{version.name} ({day}, {time})" if version.name else f"{day}, {time}"
