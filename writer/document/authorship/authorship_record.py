"""What is written beside a manuscript about who wrote what: the format of `story.txt.writer.json`.

The manuscript stays plain text; the file beside it says which of its characters the model wrote, and how. It is one
JSON object in UTF-8, each key given once, all numbers finite:

    {"format": "writer-authorship",
     "version": 1,
     "text": {"length": 1234, "sha256": "..."},
     "spans": [{"start": 120, "length": 57, "generation": "...", "sha256": "...",
                "text": "...", "before": "...", "after": "..."}],
     "generations": [{"id": "...", "model_id": "...", "settings": {...}, "seed": 7, ...}],
     "context": {...}}

- `version` grows when a reader of the old one would misread the new. A file of a newer version is never written over.
- `text` is the whole manuscript as the editor has it: `length` in Unicode code points, SHA-256 of its UTF-8 form, line
  ends as "\\n" where the file has one kind of them.
- `spans` are the model's, in order, without overlap; all else is the human's. `start` and `length` are code points,
  `generation` is the id of a record or null, `text` is what stands there and `sha256` its hash; `before` and `after`
  are up to 32 code points around it. Text and surroundings serve to find the span again when the manuscript was edited
  by another program: then its place is looked for, and only characters that are the same are marked.
- `generations` are records as in `GenerationRecord`.
- `context`, which may be missing, is what the writer wants a model to know about the text (`Document.notes`): an
  object whose keys only its maker knows.
- Other keys at the top are kept as they are.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from writer.document.authorship.passage import CONTEXT_LENGTH, Passage
from writer.document.authorship.span_matching import Place, find_passages
from writer.document.files.strict_json import parse_object
from writer.document.generation_record import GenerationRecord
from writer.document.notes import NO_NOTES, Notes, checked_notes
from writer.document.provenance import Author, Run, merge_runs
from writer.errors import WriterError

_FORMAT, _VERSION = "writer-authorship", 1
_KEYS = {"format", "version", "text", "spans", "generations", "context"}


class NewerSidecarError(WriterError):
    """The record beside the manuscript was written by a newer Writer, and is not touched."""


@dataclass(frozen=True)
class GeneratedSpan:
    """What a generation wrote."""

    passage: Passage
    generation: str | None

    def to_json(self) -> dict[str, Any]:
        start, text, before, after = self.passage
        place = {"start": start, "length": len(text), "generation": self.generation, "sha256": _sha256(text)}
        return {**place, "text": text, "before": before, "after": after}

    @classmethod
    def from_json(cls, values: Any) -> "GeneratedSpan":
        """Raises ValueError for what is no span."""
        values = _checked(values, dict)
        start, text = _checked(values.get("start"), int), _checked(values.get("text"), str)
        generation = values.get("generation")
        if generation is not None:
            _checked(generation, str)
        before, after = _checked(values.get("before", ""), str), _checked(values.get("after", ""), str)
        about_text = {"length": len(text), "sha256": _sha256(text)}
        if not text or start < len(before) or any(values.get(name) != value for name, value in about_text.items()):
            raise ValueError("a span that contradicts itself")
        return cls(Passage(start, text, before[-CONTEXT_LENGTH:], after[:CONTEXT_LENGTH]), generation)


@dataclass(frozen=True)
class AuthorshipRecord:
    """A sidecar's content: of a text of `length` code points with this hash.

    others -- keys that this version does not know
    is_damaged -- spans or generations made no sense, and are missing here
    has_lost_notes -- so did the notes
    """

    length: int
    sha256: str
    spans: tuple[GeneratedSpan, ...]
    generations: tuple[GenerationRecord, ...]
    notes: dict[str, Any] = field(default_factory=dict)
    others: dict[str, Any] = field(default_factory=dict)
    is_damaged: bool = False
    has_lost_notes: bool = False

    def runs_of(self, text: str) -> tuple[list[Run], int]:
        """(authorship of a text, how many spans are not in it, or only in part)"""
        passages = [span.passage for span in self.spans]
        is_same = (len(text), _sha256(text)) == (self.length, self.sha256)
        if is_same and all(text.startswith(passage.text, passage.start) for passage in passages):
            found = [[Place(passage.start, passage.start + len(passage.text))] for passage in passages]
        else:
            found = find_passages(passages, self.length, text)
        n_lost, by_place = 0, []
        for span, places in zip(self.spans, found, strict=True):
            n_lost += sum(place.end - place.start for place in places) < len(span.passage.text)
            by_place += [(place, span.generation) for place in places]
        runs, at = [], 0
        for place, generation in sorted(by_place, key=lambda one: one[0]):
            runs += [Run(place.start - at, Author.HUMAN), Run(place.end - place.start, Author.MODEL, generation)]
            at = place.end
        return merge_runs([*runs, Run(len(text) - at, Author.HUMAN)]), n_lost

    def to_bytes(self) -> bytes:
        """One line for each span and record, so that comparing two versions shows what changed."""
        members = {
            "format": json.dumps(_FORMAT),
            "version": json.dumps(_VERSION),
            "text": json.dumps({"length": self.length, "sha256": self.sha256}),
            "spans": _lines(span.to_json() for span in self.spans),
            "generations": _lines(record.to_json() for record in self.generations),
            **({"context": _dumped(self.notes)} if self.notes else {}),
            **{name: _dumped(value) for name, value in self.others.items()},
        }
        text = ",\n".join(f"{_dumped(name)}: {value}" for name, value in members.items())
        # Half a character, which UTF-8 cannot hold, becomes an escape that JSON can.
        return f"{{{text}}}\n".encode("utf-8", "backslashreplace")

    @classmethod
    def of(
        cls,
        text: str,
        runs: Iterable[Run],
        generations: Iterable[GenerationRecord],
        notes: Notes,
        others: Mapping[str, Any],
    ) -> "AuthorshipRecord":
        """The record of a text. ValueError when the runs do not cover it."""
        spans, at = [], 0
        for run in merge_runs(runs):
            end = at + run.length
            if run.author is Author.MODEL:
                before, after = text[max(0, at - CONTEXT_LENGTH) : at], text[end : end + CONTEXT_LENGTH]
                spans.append(GeneratedSpan(Passage(at, text[at:end], before, after), run.generation))
            at = end
        if at != len(text):
            raise ValueError(f"authorship of {at} of {len(text)} characters")
        return cls(len(text), _sha256(text), tuple(spans), tuple(generations), dict(notes), dict(others))

    @classmethod
    def from_bytes(cls, data: bytes) -> "AuthorshipRecord":
        """Raises ValueError for what is no record, NewerSidecarError for one of a newer version."""
        values = parse_object(data)
        version = _checked(values.get("version"), int)
        if values.get("format") != _FORMAT or version < 1:
            raise ValueError("no record of authorship")
        if version > _VERSION:
            raise NewerSidecarError("Who wrote what was recorded by a newer Writer, and stays so.", "Update Writer.")
        about = _checked(values.get("text"), dict)
        length, sha256 = _checked(about.get("length"), int), _checked(about.get("sha256"), str)
        is_damaged, free_from = False, 0
        spans: list[GeneratedSpan] = []
        for value in _checked(values.get("spans"), list):
            try:
                span = GeneratedSpan.from_json(value)
                if not free_from <= span.passage.start <= length - len(span.passage.text):
                    raise ValueError("a span out of its place")
                free_from = span.passage.start + len(span.passage.text)
                spans.append(span)
            except ValueError:
                is_damaged = True
        generations: list[GenerationRecord] = []
        for value in _checked(values.get("generations"), list):
            try:
                generations.append(GenerationRecord.from_json(_checked(value, dict)))
            except ValueError:
                is_damaged = True
        notes, has_lost_notes = {}, False
        try:
            notes = checked_notes(values.get("context", NO_NOTES))
        except ValueError:
            has_lost_notes = True
        others = {name: value for name, value in values.items() if name not in _KEYS}
        return cls(length, sha256, tuple(spans), tuple(generations), notes, others, is_damaged, has_lost_notes)


def _checked(value: Any, kind: type) -> Any:
    """Raises ValueError when it is of another type; True and False are no numbers."""
    if type(value) is kind:
        return value
    raise ValueError(f"{kind.__name__} expected")


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _lines(values: Iterable[Any]) -> str:
    return "[" + ",".join(f"\n {_dumped(value)}" for value in values) + "]"


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
