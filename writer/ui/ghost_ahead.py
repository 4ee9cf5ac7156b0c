"""What would follow a suggestion if it were taken, drafted before it is: then the next one is there at once."""

from writer.assist.ghost import Foreseen, Ghost, text_to_foresee
from writer.assist.ghost_draft import GhostGrown
from writer.document.document import Document
from writer.ui.worker import Job, Worker


class GhostAhead:
    """One draft for the place behind a ghost, and what came of it.

    before_chars -- so many characters of the text before a place are compared
    """

    def __init__(self, worker: Worker, before_chars: int) -> None:
        self._worker, self._before_chars = worker, before_chars
        self._foreseen: tuple[int, Foreseen] | None = None  # and where its text begins
        self._text: tuple[int, str] = (0, "")  # that is drafted for, and where it begins
        self._job = 0

    def begin(self, document: Document, place: int, ghost: Ghost, draft: Job) -> None:
        """Have `draft` done for after all of the ghost at `place`."""
        self.stop()
        begin = max(0, place - self._before_chars)
        self._text = begin, text_to_foresee(document.slice(begin, place), ghost)
        self._job = self._worker.run_behind(draft)

    def at(self, document: Document, caret: int) -> Ghost | None:
        """The ghost that was foreseen for there."""
        if self._foreseen is None or self._foreseen[0] > caret:
            return None
        begin, foreseen = self._foreseen
        return foreseen.at(document.slice(begin, caret))

    def is_drafting_for(self, document: Document, caret: int) -> bool:
        """Whether what follows there is being drafted already."""
        begin, text = self._text
        return bool(self._job) and begin <= caret and document.slice(begin, caret) == text

    def take(self, job: int, event: GhostGrown) -> bool:
        """Whether the event is the end of the draft, which is kept then."""
        if not self._job or job != self._job or not event.is_complete:
            return False
        self._job = 0
        begin, before = self._text
        self._foreseen = begin, Foreseen(before, Ghost(event.text, event.confidence, before[-self._before_chars :]))
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
        self._foreseen = None
