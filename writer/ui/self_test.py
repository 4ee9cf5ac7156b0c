"""A check of the whole program: the window as a newcomer's, from the welcome page to a saved file, step by step."""

import dataclasses
import faulthandler
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication

from writer.document.provenance import Author
from writer.errors import WriterError
from writer.paths import UserPaths
from writer.ui import no_window
from writer.ui.app import LOG_NAME, Application, make_application, open_window
from writer.ui.garbage import collected_here
from writer.ui.generation import State

SENTENCE = " and Maren knew at once that it was her brother. He had been away for eleven years, and"
_SEED = 7  # the same words every time
_LOOK_MS = 10
_QUICK_S = 20.0  # for what needs no waiting, even on a slow machine
_GRACE_S = 30.0  # a step that does not even come to its end by then hangs


@dataclass(frozen=True)
class Reporter:
    """begun -- a step of this title begins
    ended -- it took so many seconds; a sentence says what went wrong, "" for nothing
    """

    begun: Callable[[str], object]
    ended: Callable[[float, str], object]


def make_ready() -> Application:
    """Qt, ready to open windows. Where it cannot, the process ends here with one line: begin nothing before."""
    with _Watchdog() as watchdog, no_window.explained():
        watchdog.allow(_STARTING_S)
        return make_application(sys.argv[:1])


def run_self_test(app: Application, paths: UserPaths, file: Path, reporter: Reporter) -> bool:
    """Walk through the window, with the model that `paths` has, and save into `file`; returns whether all went well.

    What hangs ends the process with status 1, and with the place where it hangs on the standard error output."""
    with _Watchdog() as watchdog, collected_here():
        watchdog.allow(_STARTING_S)
        reporter.begun("the window opens")
        walk = _Walk(paths, file, reporter, watchdog)
        app.setQuitOnLastWindowClosed(False)  # the last step looks whether the window has closed, and ends the loop
        app.exec()
        return walk.went_well


_STARTING_S = 60.0


@dataclass(frozen=True)
class _Step:
    """`act` is done once, then `is_done` is asked again and again, for `patience_s` at most. Either may raise
    WriterError to say what is wrong."""

    title: str
    act: Callable[[], object]
    is_done: Callable[[], bool]
    patience_s: float


class _Watchdog:
    """Ends the process when the program does not come back to its event loop. It needs neither Qt nor Python for that:
    both may be what hangs."""

    def __enter__(self) -> "_Watchdog":
        return self

    def allow(self, seconds: float) -> None:
        """From now on."""
        if sys.__stderr__ is not None:  # a program without a terminal has nowhere to say it
            faulthandler.dump_traceback_later(seconds + _GRACE_S, exit=True, file=sys.__stderr__)

    def __exit__(self, *_: object) -> None:
        faulthandler.cancel_dump_traceback_later()


class _Walk(QObject):
    """Takes one step after the other from a timer, as the writer's own keys would come between other events."""

    def __init__(self, paths: UserPaths, file: Path, reporter: Reporter, watchdog: _Watchdog) -> None:
        super().__init__()
        self.went_well = False
        self._began_s = time.monotonic()
        self._file, self._reporter, self._watchdog = file, reporter, watchdog
        self._log = paths.state / LOG_NAME
        self._problem = ""
        self._model_problem = ""  # which comes while other steps are taken
        self._is_saved = False
        self._before = self._after = ""
        self._window = window = open_window(paths, None)
        window.switcher.failed.connect(self._on_model_failed)
        window.generation.failed.connect(lambda message, hint: self._fail(f"{message} {hint}"))
        window.files.save_failed.connect(lambda error: self._fail(str(error)))
        self._steps = iter(self._make_steps())
        self._step = next(self._steps)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._look)
        self._timer.start(_LOOK_MS)

    def _make_steps(self) -> Iterator[_Step]:
        window = self._window
        pages, menus = window.pages, window.menus
        yield _Step("the window opens", lambda: None, lambda: pages.currentWidget() is pages.welcome, _STARTING_S)
        yield _Step(
            "the welcome page leads to the text",
            pages.welcome.begin_button.click,
            lambda: pages.is_text_shown,
            _QUICK_S,
        )
        yield _Step("keys arrive on the page", self._type, self._is_typed, _QUICK_S)
        yield _Step("the model is ready", lambda: None, self._is_ready, 180)
        yield _Step("Continue writes to its end", self._continue, self._has_continued, 240)
        yield _Step("the model's words are marked as its own", self._check_authors, lambda: True, _QUICK_S)
        yield _Step("undo takes them back", menus.undo.trigger, lambda: self._text == self._before, _QUICK_S)
        yield _Step("redo brings them again", menus.redo.trigger, lambda: self._text == self._after, _QUICK_S)
        yield _Step("the text is saved", self._save, lambda: self._is_saved, 60)
        yield _Step("the file holds the text", self._check_file, lambda: True, _QUICK_S)
        yield _Step("the window closes", window.close, lambda: not window.isVisible(), 30)

    # -- one step after the other ------------------------------------------------------------------------------------

    def _look(self) -> None:
        if not self._problem and self._log.exists():
            self._fail(self._log.read_text(encoding="utf-8").strip().splitlines()[-1])
        if not self._problem and self._attempt(self._step.is_done):
            self._end_step()
            following = next(self._steps, None)
            if following is None:
                self.went_well = True
                self._timer.stop()
                QApplication.exit()
            else:
                self._begin_step(following)
        elif not self._problem and time.monotonic() - self._began_s > self._step.patience_s:
            says = self._window.notices.message
            self._fail("Waited in vain." + (f" The window says: {says}" if says else ""))
        if self._problem:
            self._end_step()
            self._timer.stop()
            self._window.close()
            QApplication.exit(1)

    def _begin_step(self, step: _Step) -> None:
        self._step, self._began_s = step, time.monotonic()
        self._watchdog.allow(step.patience_s)
        self._reporter.begun(step.title)
        self._attempt(step.act)

    def _end_step(self) -> None:
        self._reporter.ended(time.monotonic() - self._began_s, self._problem)

    def _attempt(self, action: Callable[[], object]) -> bool:
        """Whether it says so; a WriterError fails the step."""
        try:
            return bool(action())
        except WriterError as error:
            self._fail(str(error))
            return False

    def _fail(self, problem: str) -> None:
        self._problem = self._problem or problem.strip()

    # -- what is done ------------------------------------------------------------------------------------------------

    @property
    def _text(self) -> str:
        return self._window.files.document.text

    def _type(self) -> None:
        self._before = self._text + SENTENCE
        for letter in SENTENCE:
            for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
                key = QKeyEvent(kind, ord(letter.upper()), Qt.KeyboardModifier.NoModifier, letter)
                QApplication.postEvent(self._window.editor, key)

    def _is_typed(self) -> bool:
        return self._text == self._before

    def _on_model_failed(self, message: str, hint: str) -> None:
        self._model_problem = f"{message} {hint}"

    def _is_ready(self) -> bool:
        if self._model_problem:
            raise WriterError(self._model_problem)
        return self._window.menus.continue_writing.isEnabled()

    def _continue(self) -> None:
        window = self._window
        window.sampling.set_config(dataclasses.replace(window.sampling.config, seed=_SEED))
        window.menus.continue_writing.trigger()

    def _has_continued(self) -> bool:
        self._after = self._text
        is_idle = self._window.generation.state is State.IDLE
        if is_idle and not self._after[len(self._before) :].strip():
            raise WriterError("The model has written nothing.")
        return is_idle

    def _check_authors(self) -> None:
        n_before = len(self._before)
        authors = [(span.start, span.end, span.author) for span in self._window.files.document.spans()]
        if authors != [(0, n_before, Author.HUMAN), (n_before, len(self._after), Author.MODEL)]:
            raise WriterError(
                f"{n_before} characters are the writer's and the rest the model's, but it says {authors}."
            )

    def _save(self) -> None:
        def saved() -> None:
            self._is_saved = True

        self._window.files.save_to(self._file, saved)

    def _check_file(self) -> None:
        if self._file.read_bytes() != self._after.encode():
            raise WriterError(f"{self._file} does not hold what the window shows.")
