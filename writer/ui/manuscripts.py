"""Everything around the open manuscript, put together: its file, its journal, its versions, other programs."""

from collections.abc import Callable
from datetime import UTC, datetime

from PySide6.QtCore import QEventLoop, QObject, QTimer
from PySide6.QtWidgets import QWidget

from writer.document.files.file_ops import FileOps
from writer.document.files.process import Process
from writer.document.manuscript import Desk
from writer.document.versions.version_store import VersionStore
from writer.paths import UserPaths
from writer.ui.autosave import Autosave
from writer.ui.drafts import DraftsController
from writer.ui.errands import Errands
from writer.ui.files import FileController
from writer.ui.outside_changes import OutsideChanges
from writer.ui.recovery_page import RecoveryPage
from writer.ui.safekeeping import Safekeeping
from writer.ui.versions import VersionsController
from writer.ui.versions_panel import VersionsPanel

_LONGEST_CLOSING_MS = 2_000


class Manuscripts(QObject):
    """Makes the controllers and knows what the window may close on. What happens is decided in them."""

    def __init__(self, window: QWidget, paths: UserPaths, panel: VersionsPanel, page: RecoveryPage) -> None:
        super().__init__(window)
        ops = FileOps()
        self.desk = Desk(
            paths.recovery,
            paths.fallback_recovery,
            paths.histories,
            paths.locks,
            VersionStore(paths.versions, ops),
            ops,
            Process.current(),
            lambda: datetime.now(UTC).astimezone(),
        )
        self.errands = Errands(self)
        self.safekeeping = Safekeeping(self.desk, self)
        self.files = FileController(window, self.desk, self.errands, self.safekeeping)
        self.autosave = Autosave(self.files, self)
        self.outside = OutsideChanges(self.files, self.desk, self.errands, self)
        self.versions = VersionsController(self.files, self.desk, self.errands, panel, self)
        self.drafts = DraftsController(self.files, self.desk, self.errands, self.safekeeping, page, self)
        self._may_be_lost = False

    def may_close(self, close: Callable[[], object]) -> bool:
        """Whether the window may go now. It saves what may be saved first, for two seconds at most.

        Unsaved text is no reason to stay: it is in the journal, and the next start shows it again. Text that is
        neither in its file nor in the journal is one: then the writer is asked, and `close` can follow."""
        self.files.secure(lambda: None)
        self._wait()
        if self._may_be_lost or self.is_safe:
            return True
        self.files.tell(
            "Your text is in this window only: neither its file nor the recovery folder takes it.",
            "Save it to another place before you close.",
            "error",
            (("Save as…", lambda: self.files.save_as(then=close)), ("Close and lose it", lambda: self._lose(close))),
        )
        return False

    @property
    def is_safe(self) -> bool:
        """Whether the text is on the disk, in its file or in the journal."""
        return not self.files.manuscript.has_unsaved_text or self.safekeeping.sync()

    def close(self) -> None:
        """The window goes."""
        self.files.close()
        self.errands.close()

    def _wait(self) -> None:
        """For the disk, but not for one that does not answer."""
        if self.errands.is_busy:
            loop = QEventLoop()
            self.errands.ended.connect(loop.quit)
            QTimer.singleShot(_LONGEST_CLOSING_MS, loop.quit)
            loop.exec(QEventLoop.ProcessEventsFlag.ExcludeUserInputEvents)

    def _lose(self, close: Callable[[], object]) -> None:
        self._may_be_lost = True
        close()
