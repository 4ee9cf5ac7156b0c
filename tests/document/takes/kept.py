"""Takes to be kept, and what a Writer that starts anew finds of them."""

from pathlib import Path
from typing import Any

from writer.document.files.file_ops import FileOps
from writer.document.generation_record import GenerationRecord
from writer.document.takes.take_record import Fate, TakeRecord
from writer.document.takes.take_store import TakeStore

KEY = "draft-1"
NOON = "2031-05-04T12:00:00+00:00"
GENERATION = GenerationRecord("g1", "starter", settings={"top_k": 40}, seed=7, time=NOON)


def take(id_: str, text: str = "", **values: Any) -> TakeRecord:
    return TakeRecord(id_, text or f"take {id_}", 7, "before", NOON, GENERATION, **values)


A, B, C = take("a"), take("b", parent="a"), take("c", parent="b", fate=Fate.REFUSED)


def loaded(folder: Path, key: str = KEY) -> list[TakeRecord]:
    """What a Writer that starts anew finds."""
    return TakeStore(folder, FileOps()).load(key)


def file_of(folder: Path, key: str = KEY) -> Path:
    return folder / f"{key}.takes"
