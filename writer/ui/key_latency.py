"""How long a key takes from its arrival until the page that shows it is painted, measured all the time."""

from collections import deque
from time import perf_counter

from PySide6.QtCore import QObject, Signal

from writer.ui.editor import Editor

_N_KEPT = 500


class KeyLatency(QObject):
    """Times every key and composition that changes the text. All times are milliseconds."""

    measured = Signal(float)
    """One more key was painted, after so long."""

    def __init__(self, editor: Editor) -> None:
        super().__init__(editor)
        self._editor = editor
        self._pending: list[float] = []
        self._samples: deque[float] = deque(maxlen=_N_KEPT)
        editor.typed.connect(self._on_typed)
        editor.painted.connect(self._on_painted)

    @property
    def samples(self) -> tuple[float, ...]:
        """Of the latest keys, the latest last."""
        return tuple(self._samples)

    @property
    def last(self) -> float | None:
        return self._samples[-1] if self._samples else None

    @property
    def p95_ms(self) -> float | None:
        """What 19 of 20 of the latest keys stay within; None before the first."""
        if not self._samples:
            return None
        ordered = sorted(self._samples)
        return ordered[-(-len(ordered) * 95 // 100) - 1]

    def _on_typed(self) -> None:
        began = self._editor.key_began
        if began is not None:  # else it is no key: pasted by the mouse, dropped
            self._pending.append(began)

    def _on_painted(self) -> None:
        if not self._pending:
            return
        now = perf_counter()
        pending, self._pending = self._pending, []
        for began in pending:
            latency = (now - began) * 1000
            self._samples.append(latency)
            self.measured.emit(latency)
