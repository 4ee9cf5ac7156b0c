"""What is new: offered once after an upgrade, and asked for where the writer wants to know of newer versions."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QUrl, Signal
from PySide6.QtGui import QDesktopServices

from writer import __version__
from writer.paths import resources_dir
from writer.ui.worker import Worker
from writer.updates import ReleasePlace, is_newer, is_update, release_place, short

if TYPE_CHECKING:
    from writer.ui.main_window import MainWindow


class News(QObject):
    """Nothing is asked of anybody but by `check`, and that only once for each time."""

    version_seen = Signal(str)  # this one, the newest so far
    is_checking_changed = Signal(bool)
    crashed = Signal(object)  # an exception that is no WriterError, for the program's report

    def __init__(self, window: "MainWindow") -> None:
        super().__init__(window)
        self._window = window
        self._worker: Worker | None = None  # a thread is made when it is first needed
        self._job = 0
        self.place: ReleasePlace | None = release_place(resources_dir())
        window.status.news_clicked.connect(self.show)

    def begin(self, newest_seen: str) -> None:
        """newest_seen -- the newest Writer that this user has run; "" at the very first start, which has no news"""
        if newest_seen and not is_newer(__version__, newest_seen):
            return
        if newest_seen:
            self._window.status.offer_news(f"What’s new in {short(__version__)}")
        self.version_seen.emit(__version__)

    def show(self) -> None:
        """What each version has brought."""
        self._window.status.offer_news("")
        self._window.pages.show_page(self._window.pages.whats_new)

    def check(self) -> None:
        """Ask whether there is a newer Writer, and tell."""
        place = self.place
        if place is None or self._job:
            return
        if self._worker is None:
            self._worker = Worker(self, "updates")
            self._worker.event_arrived.connect(lambda _, version: self._on_answered(version))
            self._worker.failed.connect(self._on_failed)
            self._worker.finished.connect(self._on_ended)
            self._worker.crashed.connect(self.crashed)

        def job() -> Iterator[object]:
            from writer.models.download import ask_newest  # takes its time

            yield (yield from ask_newest(place.releases_url, f"Writer/{__version__}"))

        self._window.notices.show_notice(f"Asking {place.host} whether there is a newer Writer…")
        self._job = self._worker.run(job)
        self.is_checking_changed.emit(True)

    def close(self) -> None:
        """The window goes; an answer is not waited for."""
        if self._worker is not None:
            self._worker.close()

    def _on_answered(self, version: object) -> None:
        if not isinstance(version, str):  # still waiting
            return
        show = self._window.notices.show_notice
        try:
            is_out = is_update(version, __version__)
        except ValueError:
            show("The answer does not say which Writer is the newest.", "Try again later.")
            return
        if is_out:
            shown = short(version.removeprefix("v"))
            show(f"Writer {shown} is out; this is {short(__version__)}.", actions=(("See what is new", self._browse),))
        else:
            show(f"You have the newest Writer: {__version__}.")

    def _on_failed(self, job: int, message: str, hint: str) -> None:
        self._window.notices.show_notice(message, hint)
        self._on_ended(job)

    def _on_ended(self, _job: int) -> None:
        self._job = 0
        self.is_checking_changed.emit(False)

    def _browse(self) -> None:
        assert self.place is not None
        if not QDesktopServices.openUrl(QUrl(self.place.page_url)):
            self._window.notices.show_notice("No browser could be opened.", f"The page is {self.place.page_url}.")
