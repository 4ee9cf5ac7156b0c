"""What the model is shown."""

from writer.document.document import Document


def writing_context(document: Document, caret: int) -> str:
    """All text before the caret; the engine shows the model as much of its end as fits (`engine.window`)."""
    return document.slice(0, caret)
