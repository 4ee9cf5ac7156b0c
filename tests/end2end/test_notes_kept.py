"""The notes for the model in a real window: what another program does to the file costs none of them."""

import json
from pathlib import Path

from pytestqt.qtbot import QtBot

from tests.end2end.open_page import LONG_MS, OpenPage, press_notice

NOTES = {"memory": "The keeper is deaf."}


def test_d25_taking_the_files_text_keeps_notes_that_are_not_saved_yet(
    open_page: OpenPage, tmp_path: Path, qtbot: QtBot
) -> None:
    path = tmp_path / "story.txt"
    path.write_text("old")
    window = open_page(path)
    window.files.document.set_notes(NOTES)
    assert window.isWindowModified()
    path.write_text("theirs")
    qtbot.waitUntil(lambda: "Another program" in window.notices.message, timeout=LONG_MS)
    press_notice(window, "Take theirs")
    qtbot.waitUntil(lambda: window.files.document.text == "theirs", timeout=LONG_MS)
    assert window.files.document.notes == NOTES
    assert window.files.document.modified, "the notes are still to be saved"
    window.files.save()
    qtbot.waitUntil(lambda: not window.files.document.modified, timeout=LONG_MS)
    assert path.read_text() == "theirs"
    assert json.loads((tmp_path / "story.txt.writer.json").read_text())["context"] == NOTES
    assert not window.isWindowModified()
