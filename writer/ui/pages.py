"""What fills the window beside the rail: the text, or for a while something else in its place."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from writer.ui.about_page import AboutPage, LicencePage
from writer.ui.action_bar import ActionBar
from writer.ui.comparison_page import ComparisonPage
from writer.ui.context_page import ContextPage
from writer.ui.editor import Editor
from writer.ui.guide_page import GuidePage, WhatsNewPage
from writer.ui.licences import LicenceText
from writer.ui.recovery_page import RecoveryPage
from writer.ui.welcome_page import WelcomePage
from writer.ui.word_strip import WordStrip


class Pages(QStackedWidget):
    """One page at a time; each but the text leads back to it."""

    text_shown = Signal()  # in place of another page

    def __init__(self, editor: Editor, strip: WordStrip, actions_bar: ActionBar) -> None:
        super().__init__()
        self._editor = editor
        self._text = QWidget()
        column = QVBoxLayout(self._text)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(editor, 1)
        column.addWidget(strip)
        column.addWidget(actions_bar)
        self.welcome = WelcomePage()
        self.comparison = ComparisonPage()
        self.recovery = RecoveryPage()
        self.guide = GuidePage()
        self.whats_new = WhatsNewPage()
        self.about = AboutPage()
        self.licence = LicencePage()
        self.context = ContextPage()
        beside = (self.comparison, self.recovery, self.guide, self.whats_new, self.about, self.context)
        for page in (self._text, self.welcome, *beside, self.licence):
            self.addWidget(page)
        for page in beside:
            page.closed.connect(self.show_text)
        self.about.licence_requested.connect(self._show_licence)
        self.licence.closed.connect(lambda: self.show_page(self.about))

    @property
    def is_text_shown(self) -> bool:
        return self.currentWidget() is self._text

    def show_text(self) -> None:
        if not self.is_text_shown:
            self.setCurrentWidget(self._text)
            self.text_shown.emit()
        self._editor.setFocus()

    def show_welcome(self) -> None:
        self.setCurrentWidget(self.welcome)
        self.welcome.begin_button.setFocus()

    def show_page(self, page: QWidget) -> None:
        """One of the pages that this has as attributes."""
        self.setCurrentWidget(page)
        page.setFocus()

    def _show_licence(self, licence: LicenceText) -> None:
        self.licence.show_licence(licence)
        self.show_page(self.licence)
