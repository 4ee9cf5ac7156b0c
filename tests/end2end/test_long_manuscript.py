"""All the help there is, in a text of ten words and in the middle of one of half a million, with the starter model."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from tests.end2end.open_starter import LONG_MS, OpenStarter
from writer.document.provenance import Author
from writer.paths import resources_dir
from writer.ui.main_window import MainWindow

CTRL, ALT, NONE = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier, Qt.KeyboardModifier.NoModifier
OPTIONS = {"ghost": True, "one_in": 10, "strip": True, "own_words": 0.5, "continue_goal": "sentence"}
SENTENCE = "The old lighthouse keeper climbed the stairs and forgot his own "


def manuscript(n_words: int) -> tuple[str, int]:
    """(a text, where in it the caret goes): a paragraph of one sentence, other paragraphs around it."""
    book = (resources_dir() / "gate" / "alice.txt").read_text(encoding="utf-8")
    paragraphs = [" ".join(part.split()) for part in book.split("\n\n") if part.strip()]
    chapters, n_written = [], 0
    while n_written < n_words - len(SENTENCE.split()):
        paragraph = f"On day {len(chapters)}, {paragraphs[len(chapters) % len(paragraphs)]}"  # never quite the same
        chapters.append(paragraph)
        n_written += len(paragraph.split())
    middle = len(chapters) // 2
    before = "\n\n".join([*chapters[:middle], ""])
    after = "\n\n".join(["", *chapters[middle:]])
    return before + SENTENCE + after, len(before) + len(SENTENCE)


def by_model(window: MainWindow) -> str:
    document = window.files.document
    return "".join(document.slice(s.start, s.end) for s in document.spans() if s.author is Author.MODEL)


@pytest.mark.parametrize("n_words", [10, 500_000])
def test_every_help_works_in_a_text_of_any_length(
    n_words: int, open_starter: OpenStarter, qtbot: QtBot, tmp_path: Path
) -> None:
    text, caret = manuscript(n_words)
    path = tmp_path / "novel.txt"
    path.write_text(text, encoding="utf-8")
    window = open_starter(path, **OPTIONS)
    document, writing = window.files.document, window.writing
    window.editor.set_caret(caret)

    QTest.keyClicks(window.editor, "voi")
    qtbot.waitUntil(lambda: bool(window.editor.ghost) and writing.suggesting.is_settled, timeout=LONG_MS)
    assert window.editor.ghost.startswith("ce")
    qtbot.waitUntil(lambda: "voice" in window.strip.words, timeout=LONG_MS)
    assert bool(window.editor.horizon) is (n_words > 2_000), "where the model's memory begins"

    QTest.keyClick(window.editor, Qt.Key(Qt.Key.Key_1 + window.strip.words.index("voice")), ALT)
    assert document.slice(caret, caret + 5) == "voice"
    assert by_model(window).rstrip(" ") == "ce", "the letters that were typed are the writer's own"

    here = window.editor.caret
    writing.make_takes(2)
    qtbot.waitUntil(lambda: not writing.is_busy, timeout=LONG_MS)
    taken = next(take for take in writing.takes.records if take.text)
    QTest.keyClick(window.takes_panel, Qt.Key.Key_1)
    assert abs(document.text.find(taken.text.strip(), here - 1) - here) <= 1, (
        "after the word, whose space may be shared"
    )

    before = document.text
    writing.continue_at_caret()
    qtbot.waitUntil(lambda: not writing.is_busy, timeout=LONG_MS)
    assert len(document.text) > len(before)
    window.editor.undo()
    assert document.text == before

    for _ in range(8):
        window.editor.undo()
    assert document.text == text
    assert by_model(window) == ""
