"""Keyboard autocomplete: the next words under the page, each a key away."""

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Signal

from writer.assist.context import Context
from writer.assist.ghost import Action
from writer.assist.next_words import NextWords, WordsFound, closes_up, insertion_of, typed_word
from writer.assist.splicing import CLOSING_MARKS
from writer.assist.suggestion_options import SuggestionOptions
from writer.document.change import Change
from writer.document.document import Document
from writer.document.provenance import Author
from writer.engine.config import GenerationConfig
from writer.models.loaded import LoadedModel
from writer.ui.context_keeper import ContextKeeper
from writer.ui.editor import Editor
from writer.ui.generation_records import new_generation_id, record_of
from writer.ui.own_words_keeper import OwnWordsKeeper
from writer.ui.word_strip import N_SLOTS, WordStrip
from writer.ui.worker import Job, Worker

_PAUSE_MS = 20  # keys of one burst are answered together
_BEFORE_CHARS = 400


class WordSuggesting(QObject):
    """Fills the strip as the writer types, and puts the word that is chosen into the document."""

    never_requested = Signal(str)  # a word that the writer does not want to see again

    def __init__(
        self,
        worker: Worker,
        editor: Editor,
        strip: WordStrip,
        contexts: ContextKeeper,
        words: OwnWordsKeeper,
        is_busy: Callable[[], bool],
        parent: QObject | None = None,
    ) -> None:
        """is_busy -- whether the model writes for somebody"""
        super().__init__(parent)
        self._worker, self._editor, self._strip = worker, editor, strip
        self._contexts, self._words, self._is_busy = contexts, words, is_busy
        self._options = SuggestionOptions()
        self._model: LoadedModel | None = None
        self._document = Document()
        self._unsubscribe: Callable[[], None] = lambda: None
        self._found: tuple[str, ...] = ()
        self._following: tuple[str, ...] = ()  # those of them that come after the word typed, which ends at this place:
        self._following_place = -1
        self._place = -1  # that the words were found for
        self._word_start = self._shown_start = -1  # of the word that is looked for, and that the strip shows words for
        self._seen: set[str] = set()  # shown for the word that is being typed, and not taken
        self._record_id = ""  # of the words taken from this model for this document
        self._own_space: int | None = None  # where a space stands that came with a word
        self._closing_up: int | None = None
        self._job = 0
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE_MS)
        self._pause.timeout.connect(self._ask)
        worker.event_arrived.connect(self._on_event)
        editor.caret_moved.connect(self._on_caret_moved)
        editor.key_ended.connect(self._close_up)  # while the document is told, the widget is in the middle of the key
        strip.word_chosen.connect(self.choose)
        strip.never_requested.connect(self._on_never)

    def set_model(self, model: LoadedModel) -> None:
        self._model, self._record_id = model, ""
        self._finder = NextWords(model.session, model.tokenizer, model.cache)
        self._forget()

    def set_document(self, document: Document) -> None:
        self._unsubscribe()
        self._document, self._record_id, self._own_space, self._closing_up = document, "", None, None
        self._unsubscribe = document.subscribe(self._on_changed)
        self._forget()

    def set_options(self, options: SuggestionOptions) -> None:
        self._options = options
        self._strip.setVisible(options.strip)
        self._forget()

    def choose(self, number: int) -> None:
        """Put a word, by its place in the strip from 0, into the text."""
        model, (start, caret) = self._model, self._editor.selection
        before, words = self._text_before(caret), self._strip.words
        typed = typed_word(before)
        if model is None or start != caret or not self._may_help or number >= len(words):
            return
        word, document = words[number], self._document
        is_following = word in self._following and caret == self._following_place
        if caret - len(typed) != self._shown_start or not (is_following or word.startswith(typed)):
            return  # the writer has typed on, and sees other words in a moment
        text = f" {word} " if is_following else insertion_of(word, typed, before)
        after = document.slice(caret, min(len(document), caret + 1))
        has_space = after == " " or after in CLOSING_MARKS
        text = text.rstrip(" ") if after and has_space else text
        if not self._record_id:
            context = self._contexts.context_at(caret)
            if context is None:
                return
            self._record_id = new_generation_id(model)
            document.add_generation(record_of(self._record_id, model, context, GenerationConfig(temperature=0.0)))
        with document.group("Word", Author.MODEL):
            document.replace(caret, caret, text, Author.MODEL, self._record_id)
        self._own_space = caret + len(text) - 1 if text.endswith(" ") else None
        self._editor.set_caret(caret + len(text) + (after == " "))
        self._editor.last_action = Action.ACCEPTED
        self.look_anew()

    @property
    def _may_help(self) -> bool:
        is_open = self._options.strip and self._strip.isVisible() and not self._editor.isReadOnly()
        return is_open and not self._is_busy()

    def interrupt(self) -> None:
        """The model is wanted for something else."""
        self._pause.stop()
        if self._job:
            self._worker.cancel(self._job)
            self._job = 0

    # -- when --------------------------------------------------------------------------------------------------------

    def _on_changed(self, change: Change) -> None:
        space, self._own_space = self._own_space, None
        is_key = self._editor.key_began is not None and change.author is Author.HUMAN
        is_right_after = space is not None and change.start == space + 1 and not change.removed
        self._closing_up = None
        if space is not None and is_key and is_right_after:
            paragraph = self._text_before(space).rpartition("\n")[2]
            self._closing_up = space if closes_up(change.inserted[:1], paragraph) else None
        self.look_anew()

    def _close_up(self) -> None:
        """A mark follows its word at once, without the space that came with the word; so does a space or line end."""
        space, self._closing_up = self._closing_up, None
        if space is not None:
            with self._document.same_step():
                self._document.replace(space, space + 1, "")
            self._editor.last_action = Action.TYPED

    def _on_caret_moved(self, caret: int) -> None:
        if caret != self._place:
            self.look_anew()

    def _forget(self) -> None:
        """What is shown belongs to something else."""
        self._shown_start = -1
        self._show(())
        self.look_anew()

    def look_anew(self) -> None:
        """Find the words for where the caret is, unless there are newer keys in a moment."""
        self.interrupt()
        if self._options.strip and self._model is not None:
            self._pause.start()

    def _text_before(self, caret: int) -> str:
        return self._document.slice(max(0, caret - _BEFORE_CHARS), caret)

    def _ask(self) -> None:
        model = self._model
        start, caret = self._editor.selection
        if model is None or not self._may_help or start != caret or self._editor.is_composing:
            self._show_nothing()
            return
        context = self._contexts.context_at(caret)
        before = self._text_before(caret)
        if context is None or self._document.slice(caret, min(len(self._document), caret + 1)).isalnum():
            self._show_nothing()
            return
        typed = typed_word(before)
        if self._word_start != caret - len(typed):
            self._word_start, self._seen = caret - len(typed), set()
            self._show(())
        self._seen.update(self._found if self._place == caret - 1 and typed else ())
        self._place = caret
        self._job = self._worker.run_behind(self._search(context, typed))

    def _search(self, context: Context, typed: str) -> Job:
        finder, options, seen, own = self._finder, self._options, frozenset(self._seen), self._words.own
        return lambda: finder.find(
            context.prompt,
            typed,
            n_words=N_SLOTS,
            own=own,
            strength=options.own_words,
            never=frozenset(options.never),
            shown=seen,
        )

    def _on_event(self, job: int, event: object) -> None:
        if job == self._job and isinstance(event, WordsFound):
            self._shown_start = self._word_start
            self._following, self._following_place = event.following, self._place
            self._show((*event.words, *event.following))

    def _show_nothing(self) -> None:
        self._place = -1  # coming back to where words were found last is a reason to find them again
        self._show(())

    def _show(self, words: tuple[str, ...]) -> None:
        self._found = words
        self._strip.set_words(words)

    def _on_never(self, number: int) -> None:
        if number < len(words := self._strip.words):
            self.never_requested.emit(words[number])
