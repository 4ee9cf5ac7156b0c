"""What a window that ends leaves of the open manuscript, and goes on with."""

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from tests.document.desks import desk_in
from writer.document.document import Document
from writer.document.drafts.journal import BaseText
from writer.document.drafts.recovery import DraftFound, Recovered, list_drafts, recover
from writer.document.drafts.taking_up import take_up_draft
from writer.document.manuscript import Desk, Manuscript
from writer.ui.safekeeping import Safekeeping

NOTES = {"memory": "The keeper is deaf."}


@pytest.fixture
def desk(tmp_path: Path, qtbot: QtBot) -> Desk:
    return desk_in(tmp_path / "state")


def left(desk: Desk) -> tuple[DraftFound, Recovered]:
    (found,) = list_drafts([desk.recovery], desk.ops)
    return found, recover(found, desk.ops)


def test_notes_are_kept_with_the_text_and_not_after_the_window_has_left_it(desk: Desk) -> None:
    m, keeping = Manuscript(Document("Once", notes=NOTES)), Safekeeping(desk)
    keeping.watch(m)
    m.document.replace(4, 4, " upon")
    assert keeping.sync()
    assert (left(desk)[1].base_notes, left(desk)[1].notes) == (NOTES, NOTES)
    m.document.set_notes({"memory": "He hears."})
    assert keeping.sync()
    assert left(desk)[1].notes == {"memory": "He hears."}
    keeping.leave(keep=True)
    keeping.watch(Manuscript(Document()))
    m.document.set_notes({})
    assert keeping.sync()
    assert left(desk)[1].notes == {"memory": "He hears."}
    keeping.leave(keep=True)


def test_a_draft_taken_up_goes_on_with_its_notes(desk: Desk) -> None:
    m, keeping = Manuscript(Document()), Safekeeping(desk)
    keeping.watch(m)
    m.document.set_notes(NOTES)
    keeping.leave(keep=True)
    found, recovered = left(desk)
    taken = take_up_draft(found, desk)
    base = BaseText(recovered.base_text, recovered.base_runs, notes=recovered.base_notes)
    keeping.watch(taken.manuscript, saved=True, changes=recovered.changes, base=base, replaces=found.journal)
    assert keeping.sync()
    assert (left(desk)[1].base_notes, left(desk)[1].notes) == ({}, NOTES)
    keeping.leave(keep=False)
