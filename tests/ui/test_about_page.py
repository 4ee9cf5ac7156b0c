"""What Writer is made of: every fact and licence is there, can be copied, and leads back."""

import platform
import shutil
from pathlib import Path

import PySide6
import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QPlainTextEdit, QPushButton
from pytestqt.qtbot import QtBot

from writer import __version__
from writer.engine.devices import runtime_version
from writer.paths import resources_dir
from writer.ui.about_page import AboutPage, LicencePage, running_facts
from writer.ui.licences import THIRD_PARTY_NAME, LicenceText, licence_texts

# Qt says so for every top-level window without a screen.
pytestmark = pytest.mark.qt_log_ignore("does not support propagateSizeHints")


@pytest.fixture
def page(qtbot: QtBot) -> AboutPage:
    page = AboutPage()
    qtbot.addWidget(page)
    page.resize(900, 700)
    return page


def show(page: AboutPage, qtbot: QtBot) -> str:
    with qtbot.waitExposed(page):
        page.show()
    return page.text.toPlainText()


def links(page: AboutPage) -> list[str]:
    """Where the links of the text lead, in their order."""
    found = []
    block = page.text.document().begin()
    while block.isValid():
        found += [piece.format.anchorHref() for piece in block.textFormats() if piece.format.isAnchor()]
        block = block.next()
    return found


def test_it_names_what_runs(page: AboutPage, qtbot: QtBot) -> None:
    page.set_model("Tale_teller *7B*", "8 bit", "processor", "Apache-2.0")
    text = show(page, qtbot)
    for fact in (
        f"Writer {__version__}",
        platform.python_version(),
        f"PySide6 {PySide6.__version__}",
        runtime_version(),
        platform.machine(),
        "Tale_teller *7B*, 8 bit, on the processor",
        "Tale_teller *7B* is under the licence Apache-2.0.",
    ):
        assert fact in text, fact
    assert "$" not in text


def test_it_follows_the_model_and_does_without_one(page: AboutPage, qtbot: QtBot) -> None:
    assert "none" in show(page, qtbot)
    page.set_model("Poem", "4 bit", "processor", "")
    assert "Poem, 4 bit" in page.text.toPlainText()
    assert "is under the licence" not in page.text.toPlainText()


def test_the_notice_that_qts_licence_asks_for_stands_there(page: AboutPage, qtbot: QtBot) -> None:
    text = show(page, qtbot)
    assert "Qt and Qt for Python, under the GNU Lesser General Public License, version 3" in text
    assert "you may put your own in their place" in text
    assert "https://download.qt.io/official_releases/QtForPython/" in links(page)


def test_each_licence_is_a_link_to_its_text(page: AboutPage, qtbot: QtBot) -> None:
    show(page, qtbot)
    keys = [link.removeprefix("licence:") for link in links(page) if link.startswith("licence:")]
    assert keys == ["writer", "source-serif", "inter", "vocabulary"]
    shown: list[LicenceText] = []
    page.licence_requested.connect(shown.append)
    for key in keys:
        page.text.anchorClicked.emit(QUrl(f"licence:{key}"))
    assert [licence.key for licence in shown] == keys
    for licence, words in zip(shown, ("The Writer developers", "SIL OPEN", "SIL OPEN", "OpenAI"), strict=True):
        assert words in licence.text


def test_other_links_are_the_browsers(page: AboutPage, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr("writer.ui.about_page.QDesktopServices.openUrl", lambda url: opened.append(url.toString()))
    show(page, qtbot)
    assert opened == [], "nothing is opened unasked"
    page.text.anchorClicked.emit(QUrl("https://download.qt.io/official_releases/QtForPython/"))
    assert opened == ["https://download.qt.io/official_releases/QtForPython/"]


def test_a_build_shows_what_is_packed_with_it(
    page: AboutPage, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    resources = tmp_path / "resources"
    shutil.copytree(resources_dir(), resources, ignore=shutil.ignore_patterns("models", "screenshots", "gate"))
    (resources / THIRD_PARTY_NAME).write_text("Everything, and a licence for each.", encoding="utf-8")
    monkeypatch.setattr("writer.ui.about_page.resources_dir", lambda: resources)
    monkeypatch.setattr("importlib.metadata.distribution", _nowhere)
    show(page, qtbot)
    assert links(page)[0] == links(page)[-1] == "licence:third-party", "where the own one stands too"
    assert "licence:writer" not in links(page), "no link without a text"
    assert licence_texts(resources)["third-party"].text == "Everything, and a licence for each."


def _nowhere(name: str) -> None:
    from importlib.metadata import PackageNotFoundError

    raise PackageNotFoundError(name)


def test_the_facts_are_copied_as_lines_and_name_nothing_of_the_users(page: AboutPage, qtbot: QtBot) -> None:
    page.set_model("Poem", "8 bit", "processor", "MIT")
    show(page, qtbot)
    button = page.findChild(QPushButton, "copyFacts")
    assert isinstance(button, QPushButton)
    width = button.width()
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    copied = QGuiApplication.clipboard().text().splitlines()
    assert copied == [f"{name}: {fact}" for name, fact in running_facts("Poem, 8 bit, on the processor")]
    assert [line.partition(":")[0] for line in copied] == ["Writer", "Python", "Qt", "ONNX Runtime", "System", "Model"]
    assert not any(word in line for line in copied for word in (platform.node(), str(Path.home())) if len(word) > 1)
    assert button.text() == "Copied"
    assert button.width() == width
    qtbot.waitUntil(lambda: button.text() == "Copy for a report", timeout=5_000)


def test_a_licence_is_shown_as_it_was_written_and_leads_back(qtbot: QtBot) -> None:
    page = LicencePage()
    qtbot.addWidget(page)
    page.resize(1000, 700)
    with qtbot.waitExposed(page):
        page.show()
    text = "MARKED <b>AS</b> *IT* IS\n\n    indented\n" + "x" * 80
    page.show_licence(LicenceText("writer", "Licence of Writer", text))
    view = page.findChild(QPlainTextEdit, "licence")
    assert isinstance(view, QPlainTextEdit)
    assert view.toPlainText() == text
    assert view.isReadOnly()
    assert page.heading.text() == page.accessibleName() == "Licence of Writer"
    QApplication.processEvents()
    assert view.horizontalScrollBar().maximum() == 0
    assert view.document().lineCount() == 4, "lines of that length are not broken"
    page.activateWindow()
    page.setFocus()
    with qtbot.waitSignal(page.closed):
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Escape)
