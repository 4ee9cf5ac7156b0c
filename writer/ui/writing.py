"""Writing with the model, put together: continuing, takes, suggestions, and what the model is shown."""

import dataclasses
from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from writer.assist.beginnings import FINISHED_WORD, NoBlankBeginning
from writer.assist.bridge import following_of
from writer.assist.calibration import Acceptance
from writer.assist.context import Context
from writer.assist.endings import Ending, Goal, Length, max_new_tokens
from writer.assist.ghost import Action
from writer.assist.loop_guard import LoopGuard
from writer.assist.suggestion_options import AS_SET, SuggestionOptions
from writer.document.manuscript import Manuscript
from writer.document.takes.take_record import Fate, TakeRecord
from writer.document.takes.take_store import TakeStore
from writer.engine.config import GenerationConfig
from writer.engine.steering import Steering
from writer.engine.text_rules import BannedPhrases, TextRule
from writer.models.loaded import LoadedModel
from writer.ui.context_keeper import ContextKeeper
from writer.ui.editor import Editor
from writer.ui.errands import Errands
from writer.ui.files import FileController
from writer.ui.generation import Continued, GenerationController, State
from writer.ui.key_latency import KeyLatency
from writer.ui.own_words_keeper import OwnWordsKeeper
from writer.ui.suggesting import SuggestingController
from writer.ui.takes_keeper import TakesKeeper
from writer.ui.taking import TakingController
from writer.ui.typing_first import TypingFirst
from writer.ui.word_strip import WordStrip
from writer.ui.word_suggesting import WordSuggesting
from writer.ui.worker import Worker

_BEFORE_CHARS = 64
_FOLLOWING_CHARS = 400


class Writing(QObject):
    """Makes the controllers, gives them the model, the document and the writer's wishes, and knows the commands."""

    nothing_to_continue = Signal(str, str)  # message, hint
    about_to_write = Signal()  # the model is going to change a good deal of the text

    def __init__(
        self,
        worker: Worker,
        editor: Editor,
        strip: WordStrip,
        files: FileController,
        takes: TakeStore,
        errands: Errands,
        acceptance: Acceptance,
        config: Callable[[], GenerationConfig],
        parent: QObject | None = None,
    ) -> None:
        """config -- the sampling controls as they are set"""
        super().__init__(parent)
        self._worker, self._editor, self._files, self._config = worker, editor, files, config
        self._model: LoadedModel | None = None
        self.options = SuggestionOptions()
        self.generation = GenerationController(worker, self)
        self.takes = TakesKeeper(takes, errands, self)
        self.taking = TakingController(worker, self.takes, self)
        self.contexts = ContextKeeper(worker, lambda: self.is_busy, self)
        self.words = OwnWordsKeeper(worker, self)
        self.acceptance = acceptance
        self.suggesting = SuggestingController(
            worker, editor, self.contexts, self.words, acceptance, lambda: self.is_busy, self
        )
        self.word_suggesting = WordSuggesting(
            worker, editor, strip, self.contexts, self.words, lambda: self.is_busy, self
        )
        self.latency = KeyLatency(editor)
        self.typing_first = TypingFirst(self.latency, worker, self.generation, self)
        self._connect()

    def _connect(self) -> None:
        editor = self._editor
        self.suggesting.set_config_source(self._config)
        self.suggesting.refused.connect(self.nothing_to_continue)
        editor.typing_begun.connect(self._on_typing)
        editor.click_in_page.connect(self.generation.stop)
        editor.caret_moved.connect(self._on_caret_moved)
        self.contexts.horizon_changed.connect(editor.set_horizon)
        self.generation.ended.connect(self._keep_continuation)
        self.taking.running_changed.connect(lambda is_running: None if is_running else self._wake())
        self.generation.state_changed.connect(self._on_state_changed)
        self.taking.chosen.connect(self._on_chosen)
        self._files.opened.connect(self._on_opened)
        self._files.saved.connect(self._on_saved)
        self._on_opened(self._files.manuscript)

    @property
    def is_busy(self) -> bool:
        """Whether the model writes for somebody who waits."""
        return self.generation.state is not State.IDLE or self.taking.is_running

    @property
    def model(self) -> LoadedModel | None:
        return self._model

    def set_model(self, model: LoadedModel) -> None:
        self._model = model
        for part in (self.contexts, self.words, self.suggesting, self.word_suggesting):
            part.set_model(model)
        self.contexts.note_caret(self._editor.caret)

    def set_options(self, options: SuggestionOptions) -> None:
        self.options = options
        self.words.set_off_the_record(options.off_the_record)
        self.suggesting.set_options(options)
        self.word_suggesting.set_options(options)

    def erase_learnt(self) -> None:
        """The writer's own words, and the record of what was accepted."""
        self.words.erase()
        self.acceptance.erase()
        self.suggesting.acceptance_changed.emit()

    # -- commands ------------------------------------------------------------------------------------------------------

    def continue_at_caret(self) -> None:
        """Let the model go on at the caret, or at the end of what is selected."""
        self._continue(self._caret())

    def again(self) -> None:
        """Another continuation in the place of the last one, which stays in the drawer; where there is none any more,
        one at the caret."""
        self.generation.stop()
        last = self.generation.last
        if last is None:
            self.continue_at_caret()
            return
        self._continue(last.place, replacing=last)

    def make_takes(self, n_takes: int | None = None) -> None:
        """Several continuations at once, beside the page."""
        self._take(n_takes or self.options.n_takes)

    def bridge(self) -> None:
        """Takes for the gap at the caret, ranked by how well they lead on to what follows."""
        caret = self._caret()
        document = self._files.document
        after = following_of(document.slice(caret, min(len(document), caret + 4 * _FOLLOWING_CHARS)), _FOLLOWING_CHARS)
        if not after.strip():
            self.nothing_to_continue.emit(
                "There is nothing after the caret to lead on to.", "Put it between two passages."
            )
            return
        self._take(4, following=after)

    def takes_again(self) -> None:
        """Others for the place that the present ones were made for."""
        asked = self.taking.asked
        if asked is None:
            self.make_takes()
        else:
            self._take(asked.n_takes, asked.following, asked.place)

    def suggest(self) -> None:
        """Ghost text at the caret without a pause, or a word on why there is none."""
        if self._ready(self._caret()) is not None:
            self._editor.setFocus()
            self.suggesting.ask_now()

    def use_take(self, number: int) -> None:
        """Put a whole take into the text."""
        self.generation.stop()
        self.taking.accept(number)

    def use_sentence(self, number: int, sentence: int) -> None:
        """Put one sentence of a take into the text."""
        self.generation.stop()
        self.taking.add_sentence(number, sentence)

    def use_earlier_take(self, take_id: str) -> None:
        """Put a take of earlier days into the text at the caret."""
        if reason := self._files.manuscript.read_only:
            self.nothing_to_continue.emit(reason, "Save it under another name to work on it.")
        else:
            self.generation.stop()
            self.taking.insert(self._files.document, self._caret(), take_id)

    def stop(self) -> None:
        self.generation.stop()
        self.taking.stop()

    def _continue(self, place: int, replacing: Continued | None = None) -> None:
        context, model = self._ready(place), self._model
        if context is None or model is None:
            return
        self.taking.stop()
        self.suggesting.dismiss()
        self.about_to_write.emit()
        self._editor.set_caret(place if replacing is None else place + len(replacing.text))
        self._editor.setFocus()
        config, steering = self._asked(context)
        if replacing is not None:
            config = dataclasses.replace(config, seed=None)  # with the same seed it would be the same again
        self.generation.start(model, self._files.document, place, context, config, steering, replacing=replacing)

    def _take(self, n_takes: int, following: str = "", place: int | None = None) -> None:
        self.generation.stop()
        caret = self._caret() if place is None else place
        context, model = self._ready(caret), self._model
        if context is None or model is None:
            return
        self.suggesting.dismiss()
        self.about_to_write.emit()
        config, steering = self._asked(context)
        self.taking.start(model, self._files.document, caret, context, config, steering, n_takes, following)

    def _caret(self) -> int:
        _, caret = self._editor.selection
        return caret

    def _ready(self, place: int) -> Context | None:
        """What the model is shown; None, with a word on why, when it cannot write."""
        if self._model is None:
            self.nothing_to_continue.emit("No model speaks yet.", "The panel of models tells how far it is.")
            return None
        if reason := self._files.manuscript.read_only:
            self.nothing_to_continue.emit(reason, "Save it under another name to work on it.")
            return None
        context = self.contexts.context_at(place)
        if context is None:
            self.nothing_to_continue.emit("There is nothing to continue yet.", "Write a sentence or two first.")
        return context

    def _asked(self, context: Context) -> tuple[GenerationConfig, Steering]:
        """The settings and the steering that the writer's wishes come to."""
        options, config = self.options, self._config()
        is_new_line = context.text.endswith("\n") and not context.prompt.typed
        rules: tuple[TextRule, ...] = (NoBlankBeginning(),) if is_new_line else ()
        if context.never_written:
            rules = (*rules, BannedPhrases(context.never_written))
        watch, blend = LoopGuard(), self.words.blend(options.own_words)
        if options.continue_goal == AS_SET:
            return config, Steering(rules, watch, blend, FINISHED_WORD)
        length = Length(Goal(options.continue_goal), options.continue_words)
        limit = max_new_tokens(length)
        # A small model often thinks that a text is at its end where the writer thinks otherwise.
        config = dataclasses.replace(config, max_new_tokens=limit, min_new_tokens=limit)
        return config, Steering((*rules, Ending(length)), watch, blend, FINISHED_WORD)

    # -- what happens --------------------------------------------------------------------------------------------------

    def _on_opened(self, manuscript: Manuscript) -> None:
        self.generation.leave()
        self.taking.leave()
        self.takes.open(manuscript.key, manuscript.document)
        document = manuscript.document
        for part in (self.contexts, self.words, self.suggesting, self.word_suggesting):
            part.set_document(document)

    def _on_typing(self) -> None:
        self.generation.stop()  # so that undo takes back the key first
        self.typing_first.on_key()
        self.words.interrupt()

    def _on_caret_moved(self, caret: int) -> None:
        self.words.note_caret(caret)
        if not self.is_busy:
            self.contexts.note_caret(caret)

    def _on_saved(self, manuscript: Manuscript) -> None:
        if manuscript is self._files.manuscript:
            self.takes.moved(manuscript.key, is_copy=self.takes.key != manuscript.draft_id)
        elif manuscript.path is not None:  # it was left before the disk answered
            self.takes.follow(manuscript.draft_id, manuscript.key)

    def _on_chosen(self, caret: int) -> None:
        self._editor.set_caret(caret)
        self._editor.last_action = Action.ACCEPTED

    def _on_state_changed(self, state: State) -> None:
        if state is State.IDLE:
            self._wake()
        else:
            self.word_suggesting.interrupt()

    def _wake(self) -> None:
        """The model has time again."""
        self.contexts.note_caret(self._editor.caret)
        self.word_suggesting.look_anew()

    def _keep_continuation(self, continued: Continued) -> None:
        """Every continuation stays, whatever becomes of it in the text."""
        document = self.generation.document  # another one may be open by now
        record = document.generations.get(continued.generation)
        if record is not None and continued.text.strip():
            before = document.slice(max(0, continued.place - _BEFORE_CHARS), continued.place)
            parent = self.taking.parent_at(document, continued.place)
            take = TakeRecord(
                continued.generation, continued.text, continued.place, before, record.time, record, parent,
                Fate.ACCEPTED,
            )  # fmt: skip
            self.takes.add([take])
