"""Takes as a writer may have them, for the tests of what shows them."""

import dataclasses
from datetime import datetime, timedelta, timezone

from writer.document.document import Document
from writer.document.generation_record import GenerationRecord
from writer.document.provenance import Author, Run
from writer.document.takes.take_record import Fate, TakeRecord

NOW = datetime(2025, 3, 5, 15, 0, tzinfo=timezone(timedelta(hours=2)))
BEFORE = "She set her hand upon the rail, and looked up into the dark."
LAMP = " The lamp went out before she reached the landing. “Who is there?” she said."
STEPS = " She counted the steps. Seventeen.\n\nThe eighteenth was not there."
WIND = " It was the wind, and she had always told herself so. She went up."
KEYS = " He had left the keys at the café, beside a letter that nobody was meant to read."


def take(
    id_: str,
    text: str = LAMP,
    parent: str | None = None,
    fate: Fate = Fate.REFUSED,
    *,
    hours: float = 0.0,
    pinned: bool = False,
    before: str = BEFORE,
) -> TakeRecord:
    """A take made so many hours before NOW."""
    time = (NOW - timedelta(hours=hours)).isoformat()
    made_by = GenerationRecord(id_, "starter")
    return TakeRecord(id_, text, len(before), before, time, made_by, parent, fate, pinned)


FEW = (
    take("lamp", LAMP, fate=Fate.ACCEPTED, hours=50),
    take("steps", STEPS, "lamp", Fate.PARTLY, hours=21, pinned=True),
    take("wind", WIND, "lamp", hours=21),
    take("keys", KEYS, "steps", Fate.OPEN, hours=1, before=""),
)


def story() -> Document:
    """A text that holds as much of FEW as their fates say."""
    part = STEPS[:22]
    runs = (Run(len(LAMP), Author.MODEL, "lamp"), Run(len(part), Author.MODEL, "steps"))
    return Document(LAMP + part, runs)


def many(number: int) -> tuple[TakeRecord, ...]:
    """The oldest first; each grew from the one before, and one in a thousand has a word of its own."""
    return tuple(
        dataclasses.replace(
            take(f"take-{place}", f"{LAMP} {WIND} {'zebra' if place % 1000 == 7 else ''}", hours=(number - place) / 9),
            parent=f"take-{place - 1}" if place else None,
        )
        for place in range(number)
    )
