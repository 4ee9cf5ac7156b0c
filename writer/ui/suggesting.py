"""Help while the writer types: ghost text after a pause."""

import time
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Signal

from writer.assist.calibration import Acceptance
from writer.assist.ghost import (
    Action,
    Ghost,
    Situation,
    may_suggest,
    pause_ms,
    reason_against,
    refusals_after,
)
from writer.assist.ghost_draft import GhostGrown
from writer.assist.suggestion_options import SuggestionOptions
from writer.document.change import Change
from writer.document.document import Document
from writer.document.provenance import Author
from writer.engine.config import GenerationConfig
from writer.models.loaded import LoadedModel
from writer.ui.context_keeper import ContextKeeper
from writer.ui.editor import Editor
from writer.ui.generation_records import new_generation_id, record_of
from writer.ui.ghost_ahead import GhostAhead
from writer.ui.ghost_drafting import GhostDrafting, PlacedGhost
from writer.ui.own_words_keeper import OwnWordsKeeper
from writer.ui.suggestion_key import SuggestionKey
from writer.ui.worker import Worker

_BEFORE_CHARS = 1_000  # a heading's line, and what the next sentence may need to be told from an abbreviation
_AFTER_CHARS = 200
_SEEN_S = 0.25  # what goes sooner has not been read, and its going is no refusal


class SuggestingController(QObject):
    """Decides with `writer.assist.ghost` when the model is asked, shows what it says, and puts into the document what
    the writer takes. It never touches the text unasked."""

    acceptance_changed = Signal()
    refused = Signal(str, str)  # message, hint: why nothing comes that the writer has asked for
    latency_measured = Signal(float)  # from the pause to the first word, milliseconds

    def __init__(
        self,
        worker: Worker,
        editor: Editor,
        contexts: ContextKeeper,
        words: OwnWordsKeeper,
        acceptance: Acceptance,
        is_busy: Callable[[], bool],
        parent: QObject | None = None,
    ) -> None:
        """is_busy -- whether the model writes for somebody"""
        super().__init__(parent)
        self._editor, self._contexts = editor, contexts
        self._acceptance, self._is_busy = acceptance, is_busy
        self._document = Document()
        self._unsubscribe: Callable[[], None] = lambda: None
        self._shown: PlacedGhost | None = None
        self._drafting = GhostDrafting(worker, words, self)
        self._ahead = GhostAhead(worker, _BEFORE_CHARS)
        self._n_refusals = 0
        self._applying = False
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.timeout.connect(self._ask)
        self._drafting.grown.connect(self._on_grown)
        self._drafting.ended.connect(self._on_draft_ended)
        self._drafting.latency_measured.connect(self.latency_measured)
        worker.event_arrived.connect(self._on_event)
        for ended in (worker.finished, worker.stopped, worker.failed):
            ended.connect(self._on_job_ended)
        editor.suggestion_key.connect(self._on_key)
        editor.caret_moved.connect(self._on_caret_moved)
        editor.composing_changed.connect(lambda is_composing: self.dismiss() if is_composing else None)

    @property
    def is_settled(self) -> bool:
        """Whether what is shown is all that comes."""
        return self._shown is None or self._shown.is_complete

    def set_model(self, model: LoadedModel) -> None:
        self._drop()
        self._drafting.model = model

    def set_document(self, document: Document) -> None:
        self._drop()
        self._unsubscribe()
        self._document = document
        self._unsubscribe = document.subscribe(self._on_changed)

    def set_options(self, options: SuggestionOptions) -> None:
        self._drafting.options = options
        self._ahead.forget()
        if not options.ghost:
            self._drop()

    def set_config_source(self, config: Callable[[], GenerationConfig]) -> None:
        """Where the writer's wishes about words are found."""
        self._drafting.config = config

    def ask_now(self) -> None:
        """The writer asks for a suggestion by a key."""
        self._drop()
        if reason := reason_against(self._situation(self._editor.caret)):
            self.refused.emit(*reason)
        else:
            self._ask(is_wanted=True)

    def dismiss(self) -> None:
        """The ghost goes; nothing else happens until the writer types on."""
        self._drop()

    # -- when ----------------------------------------------------------------------------------------------------------

    def _on_changed(self, change: Change) -> None:
        if self._applying:
            return
        shown = self._shown
        if shown is not None:
            is_typed = change.author is Author.HUMAN and not change.removed and change.start == shown.place
            ghost = shown.ghost.type_through(change.inserted) if is_typed else None
            if ghost is not None and ghost.text:
                shown.ghost, shown.place = ghost, change.inserted_end
                self._editor.show_ghost(ghost.text)
                if self._drafting.current is not shown:  # another variant, for where the caret was
                    self._stop_draft()
                return  # what is being drafted goes on from the same words
            was_seen = time.perf_counter() - shown.shown_s > _SEEN_S
            self._hide(is_refused=is_typed and was_seen and not shown.record_id and ghost is None)
        self._stop_jobs()
        self._wait()

    def _on_caret_moved(self, caret: int) -> None:
        expected = self._shown or self._drafting.current
        if expected is not None and caret != expected.place and not self._applying:
            self._hide()
            self._stop_jobs()
        self._wait()

    def _wait(self) -> None:
        drafting = self._drafting
        if drafting.options.ghost and drafting.model is not None and self._shown is None:
            self._pause.start(pause_ms(drafting.latency_ms, self._n_refusals))

    def _situation(self, caret: int) -> Situation:
        document, (start, end) = self._document, self._editor.selection
        after = document.slice(caret, min(len(document), caret + _AFTER_CHARS)).partition("\n")[0]
        before = document.slice(max(0, caret - _BEFORE_CHARS), caret)
        return Situation(before, after, start != end, self._editor.is_composing, self._editor.last_action)

    def _ask(self, *, is_wanted: bool = False) -> None:
        if self._is_busy() or not self._editor.hasFocus() or self._editor.isReadOnly():
            return
        caret = self._editor.caret
        situation = self._situation(caret)
        if not is_wanted and not may_suggest(situation):
            return
        context = self._contexts.context_at(caret)
        if context is None:
            return
        ghost = self._ahead.at(self._document, caret, self._wishes)
        if ghost is not None:
            self._show(PlacedGhost(ghost, caret, context, is_complete=True))
        elif not self._ahead.is_drafting_for(self._document, caret, self._wishes):
            asked = PlacedGhost(Ghost("", before=situation.text_before), caret, context, is_wanted=is_wanted)
            self._draft(asked, None if is_wanted else self._threshold)

    @property
    def _threshold(self) -> float:
        return self._acceptance.threshold(self._drafting.options.one_in)

    @property
    def _wishes(self) -> object:
        """What a suggestion depends on besides the text, the model and the options."""
        return self._drafting.config(), self._document.notes

    def _draft(self, asked: PlacedGhost, least_confidence: float | None) -> None:
        self._stop_jobs()
        self._drafting.begin(asked, least_confidence)

    # -- what arrives --------------------------------------------------------------------------------------------------

    def _on_event(self, job: int, event: object) -> None:
        if isinstance(event, GhostGrown) and self._ahead.take(job, event) and self._shown is None:
            self._ask()

    def _on_draft_ended(self, asked: PlacedGhost) -> None:
        shown = self._shown
        if asked.n_variant and shown is not None and asked is not shown:  # the model has no other to offer
            self._show_variant(shown, shown.ghost.first_variant())
        elif asked.is_wanted and asked is not shown:
            self.refused.emit("The model has no suggestion here.", "Ctrl+Return goes on all the same.")

    def _on_job_ended(self, job: int) -> None:
        self._ahead.note_end(job)

    def _on_grown(self, asked: PlacedGhost, event: GhostGrown) -> None:
        if asked.place != self._editor.caret:
            self._stop_draft()
            return
        if self._shown is not asked:
            self._drafting.note_first_word()
            if asked.n_variant:
                asked.ghost = asked.ghost.with_variant(event.text, event.confidence)
                asked.is_complete = event.is_complete
                self._show(asked)
                return
        ghost = asked.ghost.grown(event.text, event.confidence)
        if ghost is None:
            self._drop()
            return
        asked.ghost, asked.is_complete = ghost, event.is_complete
        self._show(asked)

    def _show(self, shown: PlacedGhost) -> None:
        if self._shown is not shown:
            shown.shown_s = time.perf_counter()
        self._shown = shown
        self._editor.show_ghost(shown.ghost.text)
        if not self._editor.ghost:  # no place for it on the page
            self._shown = None
        elif shown.is_complete:
            self._foresee(shown)

    def _foresee(self, shown: PlacedGhost) -> None:
        """Draft what would follow if all of the ghost were accepted."""
        context = self._contexts.context_at(shown.place, ahead=shown.ghost.text)
        draft = self._drafting.job(context, self._threshold) if context is not None else None
        if draft is None or self._is_busy():
            return
        self._ahead.begin(self._document, shown.place, shown.ghost, draft, self._wishes)

    # -- what the writer does with it ----------------------------------------------------------------------------------

    def _on_key(self, key: SuggestionKey) -> None:
        shown = self._shown
        if shown is None:
            return
        if key is SuggestionKey.ALL:
            self._accept(shown, shown.ghost.text)
        elif key is SuggestionKey.WORD:
            self._accept(shown, shown.ghost.next_word())
        elif key is SuggestionKey.SENTENCE:
            self._accept(shown, shown.ghost.next_sentence())
        elif key is SuggestionKey.DISMISS:
            self._hide(is_refused=not shown.record_id)
            self._stop_jobs()
        elif key is SuggestionKey.NEXT:
            self._cycle(shown)
        else:
            self._show_variant(shown, shown.ghost.previous_variant())

    def _show_variant(self, shown: PlacedGhost, ghost: Ghost) -> None:
        self._stop_draft()  # what is still to come of the other one would take its place
        shown.ghost, shown.is_complete = ghost, True
        self._show(shown)

    def _cycle(self, shown: PlacedGhost) -> None:
        following = shown.ghost.next_variant()
        if following is not None:
            self._show_variant(shown, following)
        elif shown.ghost.taken:  # no others can be made for a place that is behind the caret
            if shown.ghost.n_variants > 1:
                self._show_variant(shown, shown.ghost.first_variant())
        else:
            asked = PlacedGhost(shown.ghost, shown.place, shown.context, n_variant=shown.ghost.n_variants)
            self._draft(asked, None)

    def _accept(self, shown: PlacedGhost, text: str) -> None:
        """Put the beginning `text` of the ghost into the document; the rest stays."""
        model, document = self._drafting.model, self._document
        if model is None or not text or shown.place != self._editor.caret:
            return
        self._stop_draft()
        if not shown.record_id:
            shown.record_id = new_generation_id(model)
            config = GenerationConfig(temperature=0.0)
            document.add_generation(record_of(shown.record_id, model, shown.context, config))
            self._remember(shown, is_accepted=True)
        place = shown.place
        ghost = shown.ghost.type_through(text)
        assert ghost is not None
        self._applying = True
        try:
            with document.group("Suggestion", Author.MODEL):
                document.replace(place, place, text, Author.MODEL, shown.record_id)
            shown.place = place + len(text)
            self._editor.set_caret(shown.place)
        finally:
            self._applying = False
        self._editor.last_action = Action.ACCEPTED
        shown.ghost = ghost
        if ghost.text:
            self._editor.show_ghost(ghost.text)
            return
        self._shown = None
        self._editor.hide_ghost()
        self._contexts.note_caret(shown.place)
        if self._ahead.at(self._document, shown.place, self._wishes) is not None:
            self._ask()
        else:
            self._wait()

    def _remember(self, shown: PlacedGhost, *, is_accepted: bool) -> None:
        self._n_refusals = refusals_after(self._n_refusals, is_accepted)
        if not self._drafting.options.off_the_record:
            self._acceptance.record(shown.ghost.confidence, is_accepted)
            self.acceptance_changed.emit()

    def _hide(self, *, is_refused: bool = False) -> None:
        shown, self._shown = self._shown, None
        self._editor.hide_ghost()
        if shown is not None and is_refused:
            self._remember(shown, is_accepted=False)

    def _stop_jobs(self) -> None:
        self._stop_draft()
        self._ahead.stop()

    def _stop_draft(self) -> None:
        self._pause.stop()
        self._drafting.stop()

    def _drop(self) -> None:
        self._stop_draft()
        self._ahead.forget()
        self._hide()
