"""Shows the open manuscript in the window: on the page, in the title, in the status bar, and what befalls it."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from writer.document.change import Change
from writer.document.comparison import Row
from writer.document.drafts.journal_notice import JournalNotice
from writer.document.files.text_file import LONGEST_LINE
from writer.document.manuscript import Manuscript
from writer.document.word_count import WordCount
from writer.ui.notices import NoticeAction

if TYPE_CHECKING:
    from writer.ui.main_window import MainWindow

_COUNTED_AFTER_MS = 100


class ManuscriptView(QObject):
    """Between the controllers of the manuscript and the window's parts. It decides nothing."""

    def __init__(self, window: "MainWindow") -> None:
        super().__init__(window)
        self._window, self._files = window, window.files
        self._editor, self._status, self._pages = window.editor, window.status, window.pages
        self._safekeeping = window.manuscripts.safekeeping
        self._unsubscribe: Callable[[], object] = lambda: None
        self._words = WordCount(self._files.document)
        self._counting = QTimer(self)
        self._counting.setSingleShot(True)
        self._counting.setInterval(_COUNTED_AFTER_MS)
        self._counting.timeout.connect(lambda: self._status.set_words(self._words.value))
        self._connect()
        self._on_opened(self._files.manuscript)
        self._show_title()

    def _connect(self) -> None:
        window, files = self._window, self._files
        versions, drafts, outside = (
            window.manuscripts.versions,
            window.manuscripts.drafts,
            window.manuscripts.outside,
        )
        files.opened.connect(self._on_opened)
        files.title_changed.connect(self._show_title)
        files.saving_changed.connect(self._show_saving)
        files.noticed.connect(window.notices.show_notice)
        files.withdrawn.connect(window.notices.withdraw)
        files.place_requested.connect(self._editor.set_caret)
        self._safekeeping.status_changed.connect(self._on_keeping_changed)
        self._editor.long_line_refused.connect(
            lambda: window.notices.show_notice(
                f"What you would paste has a line of more than {LONGEST_LINE:,} characters.",
                "Break it into paragraphs first.",
            )
        )
        self._editor.filling_progressed.connect(self._show_saving)
        self._editor.unreadable_pasted.connect(self._on_unreadable_pasted)
        self._editor.caret_moved.connect(self._safekeeping.note_caret)
        outside.comparison_ready.connect(self._show_choice)
        versions.comparison_ready.connect(self._show_version)
        versions.comparison_changed.connect(
            lambda left, right, rows: self._pages.comparison.show_comparison(left, right, rows, restorable=True)
        )
        drafts.comparison_ready.connect(self._show_comparison)
        drafts.page_requested.connect(lambda: self._pages.show_page(self._pages.recovery))
        drafts.page_left.connect(self._pages.show_text)
        drafts.taken_up.connect(lambda caret: self._editor.set_caret(caret) if caret >= 0 else None)
        self._pages.comparison.rows_restored.connect(versions.restore_rows)
        self._pages.comparison.closed.connect(versions.end_comparison)
        window.rail.panel_changed.connect(lambda key: versions.refresh() if key == "versions" else None)

    def _on_opened(self, manuscript: Manuscript) -> None:
        document = manuscript.document
        self._unsubscribe()
        self._words = WordCount(document)
        leave = document.subscribe(self._on_changed)
        leave_notes = document.subscribe_notes(lambda _: self._show_saving())
        self._unsubscribe = lambda: (leave(), leave_notes())
        self._editor.set_document(document)
        self._editor.setReadOnly(bool(manuscript.read_only))
        self._status.set_words(self._words.value)
        self._show_saving()

    def _on_changed(self, change: Change) -> None:
        self._words.follow(change)
        if not self._counting.isActive():  # the key comes first
            self._counting.start()
        self._show_saving()

    def _show_title(self) -> None:
        self._window.setWindowTitle(f"{self._files.title}[*] — Writer")
        self._window.setWindowFilePath(str(self._files.path or ""))

    def _show_saving(self) -> None:
        """What stands where the writer looks to see that nothing can be lost."""
        m = self._files.manuscript
        if self._window.isWindowModified() != m.document.modified:  # Qt tells the platform even when nothing changes
            self._window.setWindowModified(m.document.modified)
        if m.has_unsaved_text and self._safekeeping.is_failing:
            shown = "Unsafe"
        elif self._editor.filled < 1:
            shown = f"Opening… {int(100 * self._editor.filled)}%"
        elif m.read_only:
            shown = "Read-only"
        elif self._files.is_saving:
            shown = "Saving…"
        elif not m.has_unsaved_text:
            shown = "Saved" if m.path else ""
        else:
            shown = "Edited" if m.path else "Draft"
        self._status.set_saving(shown)

    def _on_keeping_changed(self, notice: JournalNotice) -> None:
        self._show_saving()
        if notice.message:
            self._window.notices.show_notice(notice.message, notice.hint, "error")
        else:
            self._window.notices.show_notice("Every edit reaches the disk again.")

    def _on_unreadable_pasted(self, n: int) -> None:
        what = "1 character" if n == 1 else f"{n:,} characters"
        self._window.notices.show_notice(
            f"{what} of what you pasted could not be read.", "The sign \ufffd stands in their place."
        )

    # -- comparisons ---------------------------------------------------------------------------------------------

    def _show_choice(self, left: str, right: str, rows: list[Row], actions: tuple[NoticeAction, ...]) -> None:
        self._show_comparison(left, right, rows, tuple((title, self._leaving(act)) for title, act in actions))

    def _show_version(self, left: str, right: str, rows: list[Row]) -> None:
        self._show_comparison(left, right, rows, restorable=True)

    def _show_comparison(
        self,
        left: str,
        right: str,
        rows: list[Row],
        actions: tuple[NoticeAction, ...] = (),
        *,
        restorable: bool = False,
    ) -> None:
        page = self._pages.comparison
        page.show_comparison(left, right, rows, actions=actions, restorable=restorable)
        self._pages.show_page(page)

    def _leaving(self, act: Callable[[], object]) -> Callable[[], object]:
        """`act` on the page of the text."""

        def leave_and_act() -> None:
            self._pages.show_text()
            act()

        return leave_and_act
