"""What the tests of writing with the starter model share."""

from collections.abc import Callable

from writer.ui.main_window import MainWindow

OpenStarter = Callable[..., MainWindow]
"""open_starter(text, **options of suggestions) -> the window, with the model ready and the caret at the end."""

LONG_MS = 60_000
STORY = (
    "It was a quiet evening in the harbour. The old lighthouse keeper climbed the stairs and looked out over the sea. "
    "He had not spoken to anyone in three weeks, and he was beginning to forget the sound of his own "
)
