"""What to do about a damaged model, in the words of a window: the hints of the layers below name commands to type."""

from collections.abc import Iterator
from contextlib import contextmanager

from writer.errors import WriterError
from writer.models.manifest import DamagedModelError

GET_AGAIN = "Get again"  # the button of a card


@contextmanager
def told_for_a_window() -> Iterator[None]:
    """Damaged models that are met within the block are told with a hint that names what to press."""
    try:
        yield
    except DamagedModelError as error:
        raise WriterError(error.message, _notice_hint(is_shipped=error.is_shipped)) from error


def card_hint(*, is_shipped: bool, can_get: bool) -> str:
    """On the model's own card. `can_get`: the catalogue has it."""
    if is_shipped:
        return f"Install Writer again, or press {GET_AGAIN}." if can_get else "Install Writer again."
    return f"Press {GET_AGAIN}." if can_get else "Remove it, and add it again."


def _notice_hint(*, is_shipped: bool) -> str:
    if is_shipped:
        return f"Install Writer again, or press {GET_AGAIN} on its card under Models."
    return f"Press {GET_AGAIN} on its card under Models, or remove it there and add it again."
