"""Going back to an older Writer: nothing that the newer one has kept of a manuscript is written over or removed."""

import json
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.document.desks import desk_in
from writer.document.authorship.sidecar import sidecar_path
from writer.document.drafts.draft_journal import DraftJournal
from writer.document.drafts.journal import Draft
from writer.document.drafts.recovery import DraftState, empty_trash, list_drafts
from writer.document.generation_record import GenerationRecord
from writer.document.manuscript import Desk, open_manuscript, save_manuscript
from writer.document.provenance import Author, Run
from writer.document.versions.version_store import Reason, document_key

NOW = datetime(2031, 5, 14, 12, 0, tzinfo=UTC)
TEXT = "Once upon a time"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return desk_in(tmp_path / "state")


@pytest.fixture
def story(tmp_path: Path) -> Path:
    path = tmp_path / "story.txt"
    path.write_text(TEXT)
    return path


def newer_files(story: Path, desk: Desk) -> dict[Path, bytes]:
    """What a newer Writer has left of the story, by path."""
    key = document_key(story)
    desk.versions.add(key, TEXT, [Run(len(TEXT), Author.HUMAN)], [], Reason.SAVE, NOW - timedelta(days=900))
    [version] = (desk.versions._folder / key).glob("*.json")
    version.write_bytes(json.dumps({**json.loads(version.read_bytes()), "format": 2}).encode())
    [text] = version.parent.glob("*.text")
    sidecar = sidecar_path(story, desk.ops)
    sidecar.write_bytes(b'{"format": "writer-authorship", "version": 2, "authors": ["me", "a model"]}')
    history = desk.histories / f"{key}.undo"
    history.parent.mkdir(parents=True, exist_ok=True)
    history.write_bytes(zlib.compress(b'{"format":2,"tree":[]}'))
    body = b'0 {"kind":"draft","format":2,"needs":"0.3.0","title":"story.txt","id":"cd34"}'
    journal = desk.recovery / "00000001-cd34.journal"
    journal.parent.mkdir(parents=True, exist_ok=True)
    journal.write_bytes(b"%08x %b\nwho knows\n" % (zlib.crc32(body), body))
    return {path: path.read_bytes() for path in (version, text, sidecar, history, journal)}


def test_p03_d48_a_day_with_an_older_writer_leaves_everything_of_the_newer_one(story: Path, desk: Desk) -> None:
    newer = newer_files(story, desk)
    opened = open_manuscript(story, desk)
    told = " ".join(opened.notices)
    assert "a newer Writer has recorded it. Update Writer." in told
    assert "What undo needs was kept by a newer Writer" in told
    assert len(opened.notices) == 2
    m = opened.manuscript
    notices: list[object] = []
    journal = DraftJournal([desk.recovery], desk.ops, monotonic=lambda: 0.0, now=lambda: NOW, notify=notices.append)
    journal.begin(m.draft, TEXT, [Run(len(TEXT), Author.HUMAN)], [], True, [], None)
    for n in range(40):
        m.document.replace(0, 0, f"{n} ", Author.MODEL if n % 2 else Author.HUMAN)
        saved = save_manuscript(m.snapshot(), story, desk)
        assert saved.notices == (), "told once, when it was opened"
        m.fingerprint = saved.fingerprint
        m.document.mark_saved()
    assert journal.close(keep=True)
    desk.versions.thin(document_key(story), NOW + timedelta(days=900))
    empty_trash(desk.recovery, desk.ops, NOW + timedelta(days=900))
    assert {path: path.read_bytes() for path in newer} == newer
    assert [found.state for found in list_drafts([desk.recovery], desk.ops) if found.id == "cd34"] == [DraftState.NEWER]
    assert notices == []
    assert story.read_text().endswith(TEXT)
    m.lock.release()  # type: ignore[union-attr]


def test_p03_a_draft_of_a_newer_writer_is_not_taken_over_by_one_of_this(desk: Desk, tmp_path: Path) -> None:
    newer = newer_files(tmp_path / "story.txt", desk)
    journal = DraftJournal([desk.recovery], desk.ops, monotonic=lambda: 0.0, now=lambda: NOW, notify=lambda _: None)
    text = "another text under the same number"
    journal.begin(Draft("cd34"), text, [Run(len(text), Author.HUMAN)], [], False, [], None)
    assert journal.close(keep=True)
    states = sorted(found.state for found in list_drafts([desk.recovery], desk.ops))
    assert states == [DraftState.NEWER, DraftState.WHOLE]
    assert {path: path.read_bytes() for path in newer} == newer


def test_p03_how_a_passage_came_about_keeps_what_a_newer_writer_knows_of_it(story: Path, desk: Desk) -> None:
    record = GenerationRecord.from_json({"id": "g", "model_id": "starter", "voice": "soft", "others": 3})
    assert record.to_json()["voice"] == "soft"
    m = open_manuscript(story, desk).manuscript
    m.document.add_generation(record)
    m.document.replace(0, 0, "Long ago. ", Author.MODEL, "g")
    save_manuscript(m.snapshot(), story, desk)
    m.lock.release()  # type: ignore[union-attr]
    again = open_manuscript(story, desk).manuscript
    assert again.document.generations["g"] == record
    assert again.document.generations["g"].to_json()["others"] == 3
    [kept] = json.loads(sidecar_path(story, desk.ops).read_bytes())["generations"]
    assert kept["voice"] == "soft"
    again.lock.release()  # type: ignore[union-attr]
