"""How often suggestions were taken outlives the window: numbers in a small file, never a word of the text."""

import json
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QTimer

from writer.assist.calibration import Acceptance
from writer.document.files.file_ops import FileOps
from writer.document.files.staged_file import replace_file
from writer.document.files.strict_json import parse_object
from writer.errors import WriterError
from writer.ui.errands import Errands

_PAUSE_MS = 5_000
_LARGEST_BYTES = 2**20


class AcceptanceKeeper(QObject):
    """Reads the record at the start, and writes it a little after each change and at the end. Where that fails nothing
    is lost that anybody would miss, so nobody is told. The record of a newer Writer is left to that one."""

    def __init__(self, path: Path, ops: FileOps, errands: Errands, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._path, self._ops, self._errands = path, ops, errands
        raw = self._read()
        self._is_from_newer = Acceptance.is_from_newer(raw)
        self.acceptance = Acceptance.from_json(raw)
        self._others = {name: value for name, value in raw.items() if name not in self.acceptance.to_json()}
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_PAUSE_MS)
        self._timer.timeout.connect(self.save)

    def note_change(self) -> None:
        self._timer.start()

    def save(self) -> None:
        """Write what has changed since; nothing happens when nothing has."""
        if not self._timer.isActive() and self.sender() is not self._timer:
            return
        self._timer.stop()
        if self._is_from_newer:
            return
        data = json.dumps(self._others | self.acceptance.to_json()).encode()

        def errand() -> None:
            try:
                self._ops.make_folder(self._path.parent)
                replace_file(self._path, data, self._ops)
            except OSError as error:
                raise WriterError("The record of suggestions cannot be kept.") from error

        self._errands.ask(errand, lambda _: None, lambda _: None)

    def _read(self) -> dict[str, Any]:
        """What is in the file; nothing where that is no record, or cannot be read."""
        try:
            if self._ops.stat(self._path).st_size > _LARGEST_BYTES:
                return {}
            return parse_object(self._ops.read(self._path))
        except (OSError, ValueError):
            return {}
