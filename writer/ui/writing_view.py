"""Shows what the model writes and offers in the window's parts, and passes on what the writer wants of it."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from writer.assist.context_notes import ContextNotes, Pin
from writer.assist.suggestion_options import SuggestionOptions
from writer.document.change import Change
from writer.document.manuscript import Manuscript
from writer.document.provenance import Author
from writer.ui.context_page import shown_parts
from writer.ui.generation import LoopCut, State
from writer.ui.page_margin import PageMark

if TYPE_CHECKING:
    from writer.ui.main_window import MainWindow

_PIN_BEFORE_CHARS = 64


class WritingView(QObject):
    """Between the controllers of the writing and the window's parts."""

    options_changed = Signal(object)  # SuggestionOptions, by the writer

    def __init__(self, window: "MainWindow") -> None:
        super().__init__(window)
        self._window, self._writing = window, window.writing
        self._editor, self._files, self._status = window.editor, window.files, window.status
        self._takes, self._context, self._suggestions = window.takes_panel, window.context_panel, window.suggestions
        self._cuts: dict[str, LoopCut] = {}
        self._n_cuts = 0
        self._refusal = ""  # the notice of a command that could not be followed
        self._unsubscribe: Callable[[], None] = lambda: None
        self._connect_writing()
        self._connect_takes()
        self._connect_context()
        self._connect_suggestions()
        self._on_opened(self._files.manuscript)

    def set_options(self, options: SuggestionOptions) -> None:
        """As the settings have them."""
        self._suggestions.set_options(options)
        self._takes.set_n_takes(options.n_takes)
        self._writing.set_options(options)
        self._window.menus.show_options(options)
        self._show_acceptance()

    def change_options(self, **changes: object) -> None:
        """By a key or a menu."""
        self._on_options(dataclasses.replace(self._writing.options, **changes))  # type: ignore[arg-type]
        self._suggestions.set_options(self._writing.options)

    # -- continuing ----------------------------------------------------------------------------------------------------

    def _connect_writing(self) -> None:
        generation, taking = self._writing.generation, self._writing.taking
        generation.state_changed.connect(lambda _: self._show_state())
        generation.reading.connect(self._show_reading)
        generation.rate_changed.connect(self._status.set_rate)
        generation.context_changed.connect(self._show_used)
        generation.loop_cut.connect(self._on_loop_cut)
        generation.failed.connect(self._window.show_error)
        taking.running_changed.connect(lambda _: self._show_state())
        taking.reading.connect(self._show_reading)
        taking.failed.connect(self._window.show_error)
        self._writing.nothing_to_continue.connect(self._refuse)
        self._editor.typed.connect(self._forget_refusal)
        self._editor.caret_moved.connect(lambda _: self._forget_refusal())
        self._writing.takes.failed.connect(self._window.show_error)
        self._writing.about_to_write.connect(self._window.manuscripts.versions.before_generation)
        self._writing.typing_first.judged.connect(self._status.set_key_latency)
        self._editor.mark_clicked.connect(self._bring_back)
        self._files.opened.connect(self._on_opened)
        self._files.settling.connect(self._context.flush)

    def _refuse(self, message: str, hint: str) -> None:
        self._refusal = message
        self._window.notices.show_notice(message, hint)

    def _forget_refusal(self) -> None:
        """The writer has gone on to something else."""
        if self._refusal:
            self._window.notices.withdraw(self._refusal)
            self._refusal = ""

    def _show_state(self) -> None:
        state, is_taking = self._writing.generation.state, self._writing.taking.is_running
        is_running = self._writing.is_busy
        if is_running:
            self._forget_refusal()
            self._show_text()
        self._window.actions_bar.set_running(running=is_running)
        self._window.actions_bar.set_can_repeat(self._writing.generation.last is not None)
        self._window.menus.stop.setEnabled(is_running)
        if self._writing.model is None:
            return  # how far the model is, is told by others
        titles = {State.IDLE: "Ready", State.READING: "Reading", State.WRITING: "Writing"}
        self._status.set_state("Writing takes" if is_taking else titles[state], busy=is_running)

    def _show_text(self) -> None:
        """Nothing is written behind another page."""
        if not self._window.pages.is_text_shown:
            self._window.pages.show_text()

    def _show_reading(self, done: int, total: int) -> None:
        if done < total:
            self._status.set_state(f"Reading {done:,} of {total:,}", busy=True)
        elif self._writing.taking.is_running:
            self._show_state()

    def _show_used(self, used: int) -> None:
        if (model := self._writing.model) is not None:
            self._status.set_context(used, model.session.config.n_ctx)

    def _on_loop_cut(self, cut: LoopCut) -> None:
        """A small sign in the margin tells it, and brings back what was cut."""
        n_words = len(cut.text.split())
        if not n_words:
            return
        self._n_cuts += 1
        mark = PageMark(
            f"{cut.generation}:{self._n_cuts}",
            cut.place,
            f"The model went round in circles here; {n_words} words of that were left out. Click to bring them back.",
        )
        self._cuts[mark.id] = cut
        self._editor.set_marks((*self._editor.marks, mark))

    def _on_document_changed(self, change: Change) -> None:
        """A mark goes with the continuation that it stands in."""
        if change.removed and self._cuts:
            standing = {span.generation for span in self._files.document.spans() if span.generation}
            if any(cut.generation not in standing for cut in self._cuts.values()):
                self._cuts = {key: cut for key, cut in self._cuts.items() if cut.generation in standing}
                self._editor.set_marks(tuple(mark for mark in self._editor.marks if mark.id in self._cuts))

    def _bring_back(self, mark_id: str) -> None:
        cut = self._cuts.pop(mark_id, None)
        mark = next((mark for mark in self._editor.marks if mark.id == mark_id), None)
        if cut is None or mark is None or self._editor.isReadOnly():
            return
        self._writing.stop()
        document = self._files.document
        place = min(mark.place, len(document))
        with document.group("Bring back", Author.MODEL):
            document.replace(place, place, cut.text, Author.MODEL, cut.generation)
        self._editor.set_marks(tuple(m for m in self._editor.marks if m.id != mark_id))
        self._editor.set_caret(place + len(cut.text))

    # -- takes ---------------------------------------------------------------------------------------------------------

    def _connect_takes(self) -> None:
        panel, writing, taking = self._takes, self._writing, self._writing.taking
        panel.takes_requested.connect(self._make_takes)
        panel.again_requested.connect(writing.takes_again)
        panel.accept_requested.connect(writing.use_take)
        panel.sentence_requested.connect(writing.use_sentence)
        panel.stop_requested.connect(writing.stop)
        panel.pin_toggled.connect(writing.takes.set_pinned)
        panel.insert_requested.connect(writing.use_earlier_take)
        panel.erase_requested.connect(writing.takes.erase)
        panel.erase_all_requested.connect(writing.takes.erase_all)
        panel.left.connect(self._editor.setFocus)
        panel.n_takes_changed.connect(lambda n: self.change_options(n_takes=n))
        panel.put_away_requested.connect(self._put_takes_away)
        panel.parent_requested.connect(panel.show_record)
        taking.began.connect(self._on_takes_began)
        taking.text_changed.connect(panel.set_text)
        taking.take_finished.connect(panel.set_finished)
        taking.sentences_chosen.connect(panel.set_chosen)
        taking.accepted.connect(self._put_takes_away)
        writing.takes.changed.connect(panel.set_records)

    def _put_takes_away(self) -> None:
        """They are in the drawer, and the writer goes on in the text."""
        self._writing.taking.leave()
        self._takes.end()
        self._editor.setFocus()

    def _make_takes(self, n_takes: int) -> None:
        self.change_options(n_takes=n_takes)
        self._writing.make_takes()

    def _on_takes_began(self, ids: Sequence[str]) -> None:
        self._show_text()
        self._window.rail.open("takes")
        self._takes.begin(ids)
        self._takes.take_focus()

    # -- context -------------------------------------------------------------------------------------------------------

    def _connect_context(self) -> None:
        panel, page = self._context, self._window.pages.context
        panel.notes_changed.connect(self._on_notes_changed)
        self._editor.copyAvailable.connect(panel.set_can_pin)
        panel.pin_requested.connect(self._pin_selection)
        panel.view_requested.connect(self._show_context)
        page.closed.connect(self._window.pages.show_text)
        self._writing.contexts.used_changed.connect(self._on_used_changed)

    def _on_notes_changed(self, notes: ContextNotes) -> None:
        document = self._files.document
        document.set_notes(notes.kept(document.notes))
        self._writing.contexts.note_caret(self._editor.caret)

    def _pin_selection(self) -> None:
        start, end = self._editor.selection
        document = self._files.document
        notes = self._context.notes
        pin = Pin(document.slice(start, end), document.slice(max(0, start - _PIN_BEFORE_CHARS), start))
        self._on_notes_changed(dataclasses.replace(notes, pins=(*notes.pins, pin)))
        self._context.set_notes(self._writing.contexts.notes)

    def _show_context(self) -> None:
        self._context.flush()
        model = self._writing.model
        context = self._writing.contexts.context_at(self._editor.caret)
        if model is None or context is None:
            self._refuse("There is nothing to show yet.", "Write a sentence or two first.")
            return
        self._forget_refusal()
        page = self._window.pages.context
        page.show_context(
            shown_parts(context, model.tokenizer),
            model.session.config.n_ctx,
            typed=context.prompt.typed.decode("utf-8", "replace"),
            left_out=context.left_out,
        )
        self._window.pages.show_page(page)

    def _on_used_changed(self, used: int) -> None:
        self._show_used(used)
        if (model := self._writing.model) is not None:
            self._context.set_budget(used, model.session.config.n_ctx)

    # -- suggestions ---------------------------------------------------------------------------------------------------

    def _connect_suggestions(self) -> None:
        panel, writing = self._suggestions, self._writing
        panel.options_changed.connect(self._on_options)
        panel.erase_requested.connect(writing.erase_learnt)
        writing.suggesting.acceptance_changed.connect(self._show_acceptance)
        writing.word_suggesting.never_requested.connect(self._never)

    def _on_options(self, options: SuggestionOptions) -> None:
        self._writing.set_options(options)
        self._window.menus.show_options(options)
        self._show_acceptance()
        self.options_changed.emit(options)

    def _never(self, word: str) -> None:
        self.change_options(never=(*self._writing.options.never, word))
        self._window.notices.show_notice(
            f"“{word}” will not be suggested again.", "“While you write” lists such words, and lets them back in."
        )

    def _show_acceptance(self) -> None:
        acceptance, one_in = self._writing.acceptance, self._writing.options.one_in
        self._suggestions.set_acceptance(acceptance.curve(), one_in, acceptance.threshold(one_in))

    # -- documents -----------------------------------------------------------------------------------------------------

    def _on_opened(self, manuscript: Manuscript) -> None:
        self._cuts.clear()
        self._editor.set_marks(())
        self._takes.end()
        self._context.set_notes(ContextNotes.from_json(manuscript.document.notes))
        self._unsubscribe()
        self._unsubscribe = manuscript.document.subscribe(self._on_document_changed)
        self._show_state()
