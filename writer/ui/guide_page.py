"""The pages of the Help menu that are read from `resources`."""

from PySide6.QtWidgets import QWidget

from writer.paths import resources_dir
from writer.ui.reading_page import ReadingPage


class GuidePage(ReadingPage):
    """What Writer does, what it promises for the text, and the keys."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("guide", "Guide", lambda: _resource("guide/guide.md"), parent)


class WhatsNewPage(ReadingPage):
    """What each version has brought, the newest first."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("whatsNew", "What’s new", lambda: _resource("CHANGELOG.md"), parent)


def _resource(name: str) -> str:
    return (resources_dir() / name).read_text(encoding="utf-8")
