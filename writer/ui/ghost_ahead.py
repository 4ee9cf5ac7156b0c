"""What would follow a suggestion if it were taken, drafted before it is: then the next one is there at once."""

from dataclasses import dataclass

from writer.assist.ghost import Foreseen, Ghost, text_to_foresee
from writer.assist.ghost_draft import GhostGrown
from writer.document.document import Document
from writer.ui.worker import Job, Worker


@dataclass(frozen=True)
class _Order:
    """What a draft is for: the text from `begin` on as it will be then, and what else it is drafted from."""

    begin: int
    text: str
    wishes: object


class GhostAhead:
    """One draft for the place behind a ghost, and what came of it.

    before_chars -- so many characters of the text before a place are compared

    `wishes` are the settings and notes that a draft follows: under other ones it is of no use.
    """

    def __init__(self, worker: Worker, before_chars: int) -> None:
        self._worker, self._before_chars = worker, before_chars
        self._foreseen: tuple[_Order, Foreseen] | None = None
        self._order: _Order | None = None
        self._job = 0

    def begin(self, document: Document, place: int, ghost: Ghost, draft: Job, wishes: object) -> None:
        """Have `draft` done for after all of the ghost at `place`."""
        self.stop()
        begin = max(0, place - self._before_chars)
        self._order = _Order(begin, text_to_foresee(document.slice(begin, place), ghost), wishes)
        self._job = self._worker.run_behind(draft)

    def at(self, document: Document, caret: int, wishes: object) -> Ghost | None:
        """The ghost that was foreseen for there."""
        if self._foreseen is None:
            return None
        order, foreseen = self._foreseen
        if order.begin > caret or order.wishes != wishes:
            return None
        return foreseen.at(document.slice(order.begin, caret))

    def is_drafting_for(self, document: Document, caret: int, wishes: object) -> bool:
        """Whether what follows there is being drafted already."""
        order = self._order if self._job else None
        return order is not None and order == _Order(order.begin, document.slice(order.begin, caret), wishes)

    def take(self, job: int, event: GhostGrown) -> bool:
        """Whether the event is the end of the draft, which is kept then."""
        if self._order is None or not self._job or job != self._job or not event.is_complete:
            return False
        self._job = 0
        before = self._order.text
        ghost = Ghost(event.text, event.confidence, before[-self._before_chars :])
        self._foreseen = self._order, Foreseen(before, ghost)
        return True

    def note_end(self, job: int) -> None:
        """A job has ended, whichever."""
        if job == self._job:
            self._job = 0

    def stop(self) -> None:
        """Draft no further; what was foreseen stays."""
        if self._job:
            self._worker.cancel(self._job)
            self._job = 0

    def forget(self) -> None:
        """Draft no further, and show nothing of what was foreseen."""
        self.stop()
        self._foreseen = None
