"""What is asked of an import. Apart from the doing, which takes a library that whoever waits for it can do without."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ImportRequest:
    """What to import.

    source -- a folder with a graph, or the graph's file
    origin -- where it came from, for the manifest; "" for its path
    described_by -- the checkpoint that the graph was exported from, whose licence and files are recorded
    """

    source: Path
    model_id: str
    gate_text: str
    title: str = ""
    origin: str = ""
    described_by: Path | None = None
    disclaimer: str = "any"
