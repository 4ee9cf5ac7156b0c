"""What is new is offered once after an upgrade, and nobody is asked for newer versions but when the writer says so."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from tests.models.hub.cases import recorded_connections
from tests.models.release_server import ReleaseServer, release_server, told
from writer import __version__
from writer.paths import user_paths
from writer.settings import Settings, load_settings, save_settings
from writer.ui import news
from writer.ui.main_window import MainWindow
from writer.updates import ReleasePlace

# Qt says so for every top-level window without a screen.
pytestmark = pytest.mark.qt_log_ignore("does not support propagateSizeHints")

PAGE = "https://example.org/releases"
SETTINGS = Settings(welcomed=True, acknowledged=True, newest_seen=__version__)


class Windows:
    """Starts of Writer, one after the other, by one user."""

    def __init__(self, qapp: QApplication, home: Path, qtbot: QtBot) -> None:
        self._qapp, self._qtbot, self._paths = qapp, qtbot, user_paths({"WRITER_HOME": str(home)})
        self._palette, self._style_sheet = qapp.palette(), qapp.styleSheet()
        self._window: MainWindow | None = None

    def set(self, settings: Settings) -> None:
        save_settings(self._paths.settings_file, settings)

    @property
    def kept(self) -> Settings:
        return load_settings(self._paths.settings_file)

    def start(self) -> MainWindow:
        self.end()
        self._window = window = MainWindow(self._paths)
        window.files.new("")
        with self._qtbot.waitExposed(window):
            window.show()
        return window

    def end(self) -> None:
        if self._window is not None:
            self._window.files.document.mark_saved()
            self._window.close()
            self._window.deleteLater()
            self._window = None
            QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
            self._qapp.setPalette(self._palette)
            self._qapp.setStyleSheet(self._style_sheet)  # a window is put together much faster without one


@pytest.fixture
def windows(qapp: QApplication, writer_home: Path, qtbot: QtBot) -> Iterator[Windows]:
    windows = Windows(qapp, writer_home, qtbot)
    yield windows
    windows.end()


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ReleaseServer]:
    with release_server(tmp_path, monkeypatch) as server:
        monkeypatch.setattr(news, "release_place", lambda _: ReleasePlace(server.url, PAGE))
        yield server


def offer(window: MainWindow) -> QPushButton:
    button = window.status.findChild(QPushButton, "news")
    assert isinstance(button, QPushButton)
    return button


def help_menu(window: MainWindow) -> dict[str, QAction]:
    """What can be seen of it."""
    menu = window.menuBar().actions()[-1].menu()
    return {a.text().replace("&", ""): a for a in menu.actions() if not a.isSeparator() and a.isVisible()}


# -- after an upgrade ----------------------------------------------------------------------------------------------


def test_the_very_first_start_has_no_news(windows: Windows) -> None:
    window = windows.start()
    assert not offer(window).isVisible()
    windows.end()
    assert windows.kept.newest_seen == __version__
    assert not offer(windows.start()).isVisible()


def test_after_an_upgrade_it_is_offered_once(windows: Windows, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(news, "__version__", "0.2.0")
    windows.set(SETTINGS)
    window = windows.start()
    assert offer(window).isVisible()
    assert offer(window).accessibleName() == "What’s new in 0.2"
    assert window.notices.message == ""
    windows.end()
    assert windows.kept.newest_seen == "0.2.0"
    assert not offer(windows.start()).isVisible()


def test_a_press_shows_it_and_takes_the_offer_away(windows: Windows, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(news, "__version__", "0.2.0")
    windows.set(SETTINGS)
    window = windows.start()
    offer(window).click()
    assert window.pages.whats_new.isVisible()
    assert f"{__version__} – " in window.pages.whats_new.text.toPlainText()
    assert not offer(window).isVisible()
    window.pages.whats_new.back.click()
    assert window.editor.isVisible()


def test_the_menu_shows_it_at_any_time(windows: Windows) -> None:
    window = windows.start()
    help_menu(window)["What’s new"].trigger()
    assert window.pages.whats_new.isVisible()


def test_p03_a_step_back_and_forth_is_no_news(windows: Windows, monkeypatch: pytest.MonkeyPatch) -> None:
    windows.set(Settings(welcomed=True, newest_seen="0.2.0"))
    assert not offer(windows.start()).isVisible()
    windows.end()
    assert windows.kept.newest_seen == "0.2.0"
    monkeypatch.setattr(news, "__version__", "0.2.0")
    assert not offer(windows.start()).isVisible()


# -- newer versions ------------------------------------------------------------------------------------------------


def test_a_build_that_knows_no_place_offers_nothing(windows: Windows) -> None:
    windows.set(Settings(welcomed=True, offers_updates=True))
    assert not any("update" in text for text in help_menu(windows.start()))


def test_nobody_is_asked_before_the_writer_says_so(windows: Windows, server: ReleaseServer, qtbot: QtBot) -> None:
    with recorded_connections() as connections:
        window = windows.start()
        assert "Check for updates…" not in help_menu(window)
        help_menu(window)["Offer to check for updates"].trigger()
        assert help_menu(window)["Check for updates…"].isEnabled()
        windows.end()
        assert windows.kept.offers_updates
        window = windows.start()
        assert "Check for updates…" in help_menu(window)
        window.begin()
        qtbot.wait(200)
        assert connections == []
    assert server.requests == []
    help_menu(window)["Offer to check for updates"].trigger()
    assert "Check for updates…" not in help_menu(window)
    windows.end()
    assert not windows.kept.offers_updates


def check(windows: Windows, qtbot: QtBot) -> MainWindow:
    """Press it, and wait for the answer."""
    windows.set(Settings(welcomed=True, acknowledged=True, offers_updates=True, newest_seen=__version__))
    window = windows.start()
    action = help_menu(window)["Check for updates…"]
    action.trigger()
    assert "127.0.0.1" in window.notices.message, "who is asked"
    assert not action.isEnabled()
    action.trigger()  # once is enough
    qtbot.waitUntil(action.isEnabled, timeout=15_000)
    return window


def test_a_newer_one_is_named_and_the_browser_waits_for_a_press(
    windows: Windows, server: ReleaseServer, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(
        "writer.ui.news.QDesktopServices.openUrl", lambda url: opened.append(url.toString()) or bool(len(opened) - 1)
    )
    server.answer(told("v9.1.0", html_url="https://evil.example/installer.exe"))
    window = check(windows, qtbot)
    assert window.notices.message == f"Writer 9.1 is out; this is {news.short(__version__)}."
    [(_, headers)] = server.requests
    assert headers["user-agent"] == f"Writer/{__version__}"
    [button] = window.notices.action_buttons
    assert button.text() == "See what is new"
    assert opened == []
    button.click()
    assert opened == [PAGE], "where the build says, not where the answer says"
    assert window.notices.message == "No browser could be opened."


@pytest.mark.parametrize("answer", [f"v{__version__}", "0.0.1", "99.0.0rc1"])
def test_the_newest_is_here(windows: Windows, server: ReleaseServer, qtbot: QtBot, answer: str) -> None:
    server.answer(told(answer))
    window = check(windows, qtbot)
    assert window.notices.message == f"You have the newest Writer: {__version__}."
    assert window.notices.action_buttons == ()


@pytest.mark.parametrize("answer", ["newest", "<b>9.0.0</b>", "9.0.0\n", "../../9.0.0", "9" * 61])
def test_what_is_no_version_is_told_as_that(windows: Windows, server: ReleaseServer, qtbot: QtBot, answer: str) -> None:
    server.answer(told(answer))
    assert check(windows, qtbot).notices.message == "The answer does not say which Writer is the newest."


def test_offline_is_one_sentence(
    windows: Windows, server: ReleaseServer, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(news, "release_place", lambda _: ReleasePlace("https://127.0.0.1:9/latest", PAGE))
    message = check(windows, qtbot).notices.message
    assert message == "It is not known whether there is a newer Writer: 127.0.0.1 cannot be reached."


def test_the_window_closes_while_it_is_asking(windows: Windows, server: ReleaseServer, qtbot: QtBot) -> None:
    windows.set(Settings(welcomed=True, acknowledged=True, offers_updates=True))
    window = windows.start()
    help_menu(window)["Check for updates…"].trigger()
    windows.end()
    qtbot.wait(300)
