"""What somebody sees who follows a text while it is being written."""

from collections.abc import Iterable
from typing import Any, Self

from writer.engine.continuation import Continuation, Step
from writer.engine.events import FinishReason, TakenBack, Token
from writer.engine.session import Logits


class Reader:
    """`text` and `token_ids` stand now; `seen` is every text that ever stood on the page."""

    def __init__(self) -> None:
        self.text = ""
        self.token_ids: list[int] = []
        self.seen = [""]
        self.taken_back: list[TakenBack] = []
        self.reason: FinishReason | None = None

    @classmethod
    def of(cls, events: Iterable[Any]) -> Self:
        reader = cls()
        for event in events:
            reader.add(event)
        return reader

    def add(self, event: Any) -> None:
        """An event of `generate()`; those that are not about the text are passed over."""
        if isinstance(event, Token):
            self.text += event.text
            self.token_ids.append(event.token_id)
        elif isinstance(event, TakenBack):
            assert self.text.endswith(event.text)
            assert event.n_tokens <= len(self.token_ids)
            self.text = self.text[: len(self.text) - len(event.text)]
            del self.token_ids[len(self.token_ids) - event.n_tokens :]
            self.taken_back.append(event)
        else:
            self.reason = getattr(event, "reason", None)
        self.seen.append(self.text)

    def add_step(self, step: Step) -> None:
        for event in (step.taken_back, step.token):
            if event is not None:
                self.add(event)
        self.reason = step.reason


def read(writing: Continuation, scores: Iterable[Logits]) -> Reader:
    """Draw from these scores, one after the other, until the text ends or they do."""
    reader = Reader()
    for logits in scores:
        reader.add_step(writing.draw(logits))
        if reader.reason is not None:
            break
        assert reader.token_ids == writing.drawn, "what was given out is what stands"
    return reader
