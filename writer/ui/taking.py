"""Several continuations of one place at once: they stream beside the page, and what the writer likes goes into it."""

import dataclasses
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from PySide6.QtCore import QObject, Signal

from writer.assist.bridging import BridgesRanked, propose_bridges
from writer.assist.context import Context
from writer.assist.paragraph_breaks import BreaksKept, break_at, with_break
from writer.assist.splicing import needs_space_before, splice, whole
from writer.document.change import Change, range_after
from writer.document.document import Document
from writer.document.generation_record import GenerationRecord
from writer.document.provenance import Author
from writer.document.takes.take_record import TakeRecord
from writer.engine.config import GenerationConfig
from writer.engine.events import PrefillProgress, TakenBack, Token
from writer.engine.sentences import split_sentences
from writer.engine.steering import Steering
from writer.engine.takes import TakeEvent, TakeFinished, generate_takes, take_seeds
from writer.models.loaded import LoadedModel
from writer.ui.generation_records import new_generation_id, record_of
from writer.ui.takes_keeper import TakesKeeper
from writer.ui.worker import Worker

_BEFORE_CHARS = 64
_RANKS = ("best", "second best", "third best", "fourth best")


@dataclass
class _Take:
    record: GenerationRecord
    breaks: BreaksKept
    text: str = ""
    is_finished: bool = False


@dataclass
class _Round:
    """The takes of one press of the key. They were made for `start`; what is chosen next goes to `place`.

    before -- what stood before it when they were made
    before_chosen -- what stood before the first of the sentences that were put in
    """

    document: Document
    start: int
    place: int
    before: str
    parent: str | None
    following: str
    takes: list[_Take] = field(default_factory=list)
    chosen: list[tuple[int, int]] = field(default_factory=list)  # (take, sentence), in the order they were put in
    before_chosen: str = ""


@dataclass(frozen=True)
class Asked:
    """What the present takes are."""

    place: int
    n_takes: int
    following: str


class TakingController(QObject):
    """Makes takes, keeps every one, and puts what is chosen into the document, each choice one undo step."""

    began = Signal(object)  # the ids of the takes, by their numbers
    text_changed = Signal(int, str)  # take, its text so far
    take_finished = Signal(int, str)  # take, a word on it
    running_changed = Signal(bool)
    reading = Signal(int, int)  # tokens read, of all
    chosen = Signal(int)  # something was put into the text, which ends there
    accepted = Signal()  # that was a whole take
    sentences_chosen = Signal(int, object)  # take, the sentences of it that are in the text
    failed = Signal(str, str)  # message, hint

    def __init__(self, worker: Worker, keeper: TakesKeeper, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._worker, self._keeper = worker, keeper
        self._job = 0
        self._round: _Round | None = None
        self._is_inserting = False
        self._unsubscribe: Callable[[], None] = lambda: None
        worker.event_arrived.connect(self._on_event)
        worker.finished.connect(self._on_job_ended)
        worker.stopped.connect(self._on_job_ended)
        worker.failed.connect(self._on_failed)

    @property
    def is_running(self) -> bool:
        return self._job != 0

    @property
    def asked(self) -> Asked | None:
        """What the present takes were asked for; None when there are none."""
        made = self._round
        return Asked(made.start, len(made.takes), made.following) if made is not None else None

    def start(
        self,
        model: LoadedModel,
        document: Document,
        caret: int,
        context: Context,
        config: GenerationConfig,
        steering: Steering,
        n_takes: int,
        following: str = "",
    ) -> None:
        """Stream `n_takes` takes for `caret`. With the text that follows there, they are ranked in the end by how well
        they lead on to it, the best first."""
        self.stop()
        seed = secrets.randbits(63) if config.seed is None else config.seed
        config = dataclasses.replace(config, seed=seed)
        before = document.slice(max(0, caret - _BEFORE_CHARS), caret)
        self._round = _Round(document, caret, caret, before, self.parent_at(document, caret), following)
        between = break_at(document, caret)
        for own_seed in take_seeds(seed, n_takes):
            record = record_of(new_generation_id(model), model, context, dataclasses.replace(config, seed=own_seed))
            self._round.takes.append(_Take(record, BreaksKept(between)))
        self._unsubscribe()
        self._unsubscribe = document.subscribe(self._on_document_changed)
        parts = (model.session, model.tokenizer, model.cache, context.prompt, config, n_takes)
        if following:
            self._job = self._worker.run(lambda: propose_bridges(*parts, following, steering))
        else:
            self._job = self._worker.run(lambda: generate_takes(*parts, steering))
        self.began.emit([take.record.id for take in self._round.takes])
        self.running_changed.emit(True)

    def stop(self) -> None:
        """What has arrived of the takes stays, here and in the drawer."""
        if self._job:
            self._worker.cancel(self._job)
            self._end()

    def leave(self) -> None:
        """Another document is shown: these takes can no longer be put into the text."""
        self.stop()
        self._unsubscribe()
        self._unsubscribe = lambda: None
        self._round = None

    def accept(self, number: int) -> None:
        """Put a whole take into the text, at the place it was made for. What is still being written of it is left."""
        made, take = self._round, self._take(number)
        if made is not None and take is not None and take.text:
            self.stop()
            text = whole(take.text, made.before, *self._around(made.document, made.place))
            self._insert(take, text, "Take")
            self._keeper.refuse(other.record.id for other in made.takes if other is not take)
            self.chosen.emit(made.place)
            self.accepted.emit()

    def add_sentence(self, number: int, sentence: int) -> None:
        """Put one sentence of a take after what has been chosen so far."""
        made, take = self._round, self._take(number)
        if made is None or take is None or sentence >= len(split_sentences(take.text)):
            return
        texts = [each.text for each in made.takes]
        # What was chosen may have been taken back since, while its take went on.
        made.chosen = [(of, one) for of, one in made.chosen if one < len(split_sentences(texts[of]))]
        chosen = [*made.chosen, (number, sentence)]
        before = made.before_chosen if made.chosen else self._around(made.document, made.place)[0]
        so_far = splice(texts, made.chosen, before, before_then=made.before)
        piece = splice(texts, chosen, before, before_then=made.before)[len(so_far) :]
        if piece:
            made.before_chosen, made.chosen = before, chosen
            after = self._around(made.document, made.place)[1]
            self._insert(take, piece, "Sentence", " " if needs_space_before(after) else "")
            self.chosen.emit(made.place)
            self.sentences_chosen.emit(number, {one for of, one in chosen if of == number})

    def insert(self, document: Document, caret: int, take_id: str) -> None:
        """Put a take of earlier days into the text at the caret."""
        kept = self._keeper.get(take_id)
        if kept is not None:
            kept_text = with_break(kept.text, break_at(document, caret))
            text = whole(kept_text, kept.before, *self._around(document, caret))
            document.add_generation(kept.generation)
            with document.group("Earlier take", Author.MODEL):
                document.replace(caret, caret, text, Author.MODEL, kept.generation.id)
            self.chosen.emit(caret + len(text))

    @staticmethod
    def _around(document: Document, place: int) -> tuple[str, str]:
        """What stands before a place and after it."""
        after = document.slice(place, min(len(document), place + 1))
        return document.slice(max(0, place - _BEFORE_CHARS), place), after

    def _take(self, number: int) -> _Take | None:
        takes = self._round.takes if self._round is not None else []
        return takes[number] if 0 <= number < len(takes) else None

    def _insert(self, take: _Take, text: str, label: str, space: str = "") -> None:
        """Put `text` in at the place, which is behind it then; `space` comes behind the place."""
        assert self._round is not None
        document, place = self._round.document, self._round.place
        document.add_generation(take.record)
        self._is_inserting = True
        try:
            with document.group(label, Author.MODEL):
                document.replace(place, place, text + space, Author.MODEL, take.record.id)
        finally:
            self._is_inserting = False
        self._round.place = place + len(text)

    def parent_at(self, document: Document, place: int) -> str | None:
        """The take that the text before `place` came from."""
        spans = list(document.spans(place - 1, place)) if place else []
        known = self._keeper.get(spans[0].generation if spans else None)
        return known.id if known is not None else None

    # -- what arrives ------------------------------------------------------------------------------------------------

    def _on_event(self, job: int, event: object) -> None:
        if job != self._job or self._round is None:
            return
        if isinstance(event, PrefillProgress):
            self.reading.emit(event.done_tokens, event.total_tokens)
        elif isinstance(event, TakeEvent):
            take = self._round.takes[event.take]
            if isinstance(event.event, Token):
                take.text += take.breaks.add(event.event.text)
            elif isinstance(event.event, TakenBack):
                take.text = take.text.removesuffix(take.breaks.take_back(event.event.text))
            self.text_changed.emit(event.take, take.text)
        elif isinstance(event, TakeFinished) and not self._round.following:
            self._round.takes[event.take].is_finished = True
            self.take_finished.emit(event.take, "")
        elif isinstance(event, BridgesRanked):
            self._rank(self._round, event.order)

    def _rank(self, made: _Round, ranked: Sequence[int]) -> None:
        """The best gets the first number, once and for all: until now the numbers were those of takes being written."""
        order = [*ranked, *(number for number in range(len(made.takes)) if number not in ranked)]
        made.takes = [made.takes[number] for number in order]
        made.chosen = [(order.index(take), sentence) for take, sentence in made.chosen]
        for number, take in enumerate(made.takes):
            take.is_finished = True
            self.text_changed.emit(number, take.text)
            self.take_finished.emit(number, f"Leads on {_RANKS[number]}" if number < len(ranked) else "")
            self.sentences_chosen.emit(number, {sentence for of, sentence in made.chosen if of == number})

    def _on_job_ended(self, job: int) -> None:
        if job == self._job:
            self._end()

    def _on_failed(self, job: int, message: str, hint: str) -> None:
        if job == self._job:
            self._end()
            self.failed.emit(message, hint)

    def _end(self) -> None:
        self._job = 0
        if self._round is not None:
            self._keeper.add(self._records(self._round))
            for number, take in enumerate(self._round.takes):
                if not take.is_finished:
                    take.is_finished = True
                    self.take_finished.emit(number, "")
        self.running_changed.emit(False)

    @staticmethod
    def _records(made: _Round) -> Sequence[TakeRecord]:
        return [
            TakeRecord(
                id=take.record.id,
                text=take.text,
                place=made.start,
                before=made.before,
                time=take.record.time,
                generation=take.record,
                parent=made.parent,
            )
            for take in made.takes
            if take.text.strip()
        ]

    def _on_document_changed(self, change: Change) -> None:
        made = self._round
        if made is None or self._is_inserting:
            return
        moved = range_after(made.start, made.place, change)
        if moved is not None:
            made.start, made.place = moved
            return
        # What was chosen is not there any more, or is not the same: whatever is chosen next begins anew.
        start, place = range_after(made.start, made.start, change), range_after(made.place, made.place, change)
        made.place = place[0] if place is not None else change.inserted_end
        made.start = start[0] if start is not None else made.place
        for number in {number for number, _ in made.chosen}:
            self.sentences_chosen.emit(number, frozenset())
        made.chosen = []
