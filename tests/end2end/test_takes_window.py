"""Takes, again and bridges in a real window with the starter model; what was refused is found after a restart."""

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from tests.end2end.open_page import wait_saved
from tests.end2end.open_starter import LONG_MS, STORY, OpenStarter
from writer.document.provenance import Author
from writer.document.takes.take_record import Fate, search, tree
from writer.engine.sentences import split_sentences
from writer.ui.main_window import MainWindow

SHORT = {"continue_goal": "words", "continue_words": 12}


def idle(window: MainWindow, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: not window.writing.is_busy, timeout=LONG_MS)


def make_takes(window: MainWindow, qtbot: QtBot, n_takes: int = 3) -> list[str]:
    """Their texts, by number."""
    texts: dict[int, str] = {}
    window.writing.taking.text_changed.connect(texts.__setitem__)
    window.writing.make_takes(n_takes)
    assert window.rail.current == "takes"
    idle(window, qtbot)
    return [texts[number] for number in range(n_takes)]


def test_three_takes_one_used_another_found_after_a_restart(
    open_starter: OpenStarter, qtbot: QtBot, tmp_path: Path, writer_home: Path
) -> None:
    path = tmp_path / "story.txt"
    path.write_text(STORY.rstrip(), encoding="utf-8")
    window = open_starter(path, **SHORT)
    document = window.files.document
    texts = make_takes(window, qtbot)
    assert len(set(texts)) == 3
    fold = window.takes_panel.findChild(QPushButton, "fold")
    assert fold.text() == "Earlier takes", "there are none but those on the cards"
    assert document.text == STORY.rstrip(), "nothing is in the text before it is chosen"
    QTest.keyClick(window.takes_panel, Qt.Key.Key_2)
    assert document.text == STORY.rstrip() + texts[1]
    assert window.editor.hasFocus()
    assert fold.text() == "Earlier takes: 3"
    spans = [span for span in document.spans() if span.author is Author.MODEL]
    assert [document.slice(span.start, span.end) for span in spans] == [texts[1]]
    window.editor.undo()
    assert document.text == STORY.rstrip()
    assert all(span.author is Author.HUMAN for span in document.spans())
    assert {take.fate for take in window.writing.takes.records} == {Fate.REFUSED}
    window.editor.redo()
    refused = next(take for take in window.writing.takes.records if take.text == texts[0])
    assert refused.fate is Fate.REFUSED
    window.writing.takes.set_pinned(refused.id, True)
    window.files.save()
    wait_saved(window, qtbot)
    window.close()

    later = open_starter(path, **SHORT)
    qtbot.waitUntil(lambda: len(later.writing.takes.records) == 3, timeout=LONG_MS)
    word = max(texts[0].split(), key=len).strip(".,“”\"'")
    found = search(later.writing.takes.records, word)
    assert texts[0] in [take.text for take in found]
    assert found[0].is_pinned
    later.editor.set_caret(len(later.files.document))
    later.takes_panel.insert_requested.emit(found[0].id)
    assert later.files.document.text.endswith(found[0].text)
    known = later.files.document.generations
    assert found[0].generation.id in known

    drawer, folder = later.takes_panel.drawer, writer_home / "data" / "takes"
    for take in later.writing.takes.records:
        assert any(take.id.encode() in file.read_bytes() for file in folder.glob("*.takes"))
    later.rail.open("takes")
    assert drawer.show_record(found[0].id)
    drawer.detail.erase.click()
    drawer.findChild(QPushButton, "eraseTakeYes").click()
    qtbot.waitUntil(lambda: len(later.writing.takes.records) == 2, timeout=LONG_MS)
    assert not any(found[0].id.encode() in file.read_bytes() for file in folder.iterdir())
    assert later.files.document.text.endswith(found[0].text), "what was used of it stays in the text"
    drawer.more.menu().actions()[0].trigger()
    drawer.findChild(QPushButton, "eraseTakesYes").click()
    qtbot.waitUntil(lambda: not later.writing.takes.records, timeout=LONG_MS)
    assert not list(folder.glob("*.takes"))


def test_a_splice_of_sentences_from_two_takes(open_starter: OpenStarter, qtbot: QtBot) -> None:
    window = open_starter(STORY.rstrip() + " voice.", continue_goal="words", continue_words=30)
    document, before = window.files.document, STORY.rstrip() + " voice."
    texts = make_takes(window, qtbot, 2)
    window.takes_panel.sentence_requested.emit(0, 0)
    first = split_sentences(texts[0])[0].strip()
    spliced = document.text  # a take may begin a new paragraph
    assert spliced.split() == f"{before} {first}".split()
    window.takes_panel.sentence_requested.emit(1, 0)
    second = split_sentences(texts[1])[0].strip()
    assert " ".join(document.text.split()) == " ".join(f"{before} {first} {second}".split())
    generations = {span.generation for span in document.spans() if span.author is Author.MODEL}
    assert len(generations) == 2
    fates = {take.text: take.fate for take in window.writing.takes.records}
    assert fates[texts[0]] is fates[texts[1]] is Fate.PARTLY
    window.editor.undo()
    assert document.text == spliced
    window.editor.undo()
    assert document.text == before


def test_again_gives_another_one_and_keeps_the_first(open_starter: OpenStarter, qtbot: QtBot) -> None:
    window = open_starter(STORY.rstrip(), **SHORT)
    document = window.files.document
    assert not window.actions_bar.again.isEnabled()
    window.writing.continue_at_caret()
    idle(window, qtbot)
    first = document.text.removeprefix(STORY.rstrip())
    assert first.rstrip()[-1] in ".!?”\"’'", f"a whole sentence: {first!r}"
    assert window.actions_bar.again.isEnabled()
    window.actions_bar.again.click()
    idle(window, qtbot)
    second = document.text.removeprefix(STORY.rstrip())
    assert second not in ("", first)
    assert [take.text for take in window.writing.takes.records] == [first, second]
    assert window.writing.takes.records[0].fate is Fate.REFUSED
    window.editor.undo()
    assert document.text == STORY.rstrip() + first, "one undo brings the first one back"
    assert [take.fate for take in window.writing.takes.records] == [Fate.ACCEPTED, Fate.REFUSED]
    window.editor.undo()
    assert document.text == STORY.rstrip()


def test_what_goes_on_from_a_take_is_known_as_its_child(open_starter: OpenStarter, qtbot: QtBot) -> None:
    window = open_starter(STORY.rstrip(), **SHORT)
    make_takes(window, qtbot, 2)
    window.writing.taking.accept(0)
    make_takes(window, qtbot, 2)
    roots = tree(window.writing.takes.records)
    assert [len(root.children) for root in roots] == [2, 0]


def test_a_bridge_is_ranked_by_what_follows(open_starter: OpenStarter, qtbot: QtBot) -> None:
    window = open_starter(STORY.rstrip() + " voice.\n\nThe ship had sunk before he reached the beach.", **SHORT)
    window.editor.set_caret(len(STORY.rstrip() + " voice."))
    notes: dict[int, str] = {}
    window.writing.taking.take_finished.connect(lambda take, note: notes.update({take: note}) if note else None)
    window.writing.bridge()
    idle(window, qtbot)
    assert notes == {
        0: "Leads on best",
        1: "Leads on second best",
        2: "Leads on third best",
        3: "Leads on fourth best",
    }
    QTest.keyClick(window.takes_panel, Qt.Key.Key_1)
    assert window.writing.takes.records[0].fate is Fate.ACCEPTED
    window.editor.undo()
    window.editor.set_caret(len(window.files.document))
    window.writing.bridge()
    assert "nothing after the caret" in window.notices.message
    window.editor.set_caret(len(STORY.rstrip() + " voice."))
    window.writing.bridge()
    assert not window.notices.message, "it holds no more"
    window.writing.taking.stop()
    window.editor.set_caret(len(window.files.document))
    window.writing.bridge()
    assert window.notices.message
    QTest.keyClicks(window.editor, "A")
    assert not window.notices.message, "the writer has gone on"


def test_typing_goes_on_while_takes_stream(open_starter: OpenStarter, qtbot: QtBot) -> None:
    window = open_starter(STORY.rstrip(), continue_goal="words", continue_words=60)
    window.writing.make_takes(2)
    qtbot.waitUntil(lambda: window.writing.taking.is_running, timeout=LONG_MS)
    window.editor.setFocus()
    window.editor.set_caret(0)
    QTest.keyClicks(window.editor, "Chapter one. ")
    assert window.writing.taking.is_running
    idle(window, qtbot)
    window.writing.taking.accept(0)
    assert window.files.document.text.startswith("Chapter one. It was")
    taken = next(take for take in window.writing.takes.records if take.fate is Fate.ACCEPTED)
    assert window.files.document.text == "Chapter one. " + STORY.rstrip() + taken.text
