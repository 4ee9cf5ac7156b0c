"""Power cuts at every moment of a journal's life beside its manuscript: what was synced is in one of the two."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from tests.document.disk_simulator import RecordingOps, State
from tests.document.draft_bench import Bench, journals
from writer.document.drafts import draft_journal
from writer.document.drafts.journal import Draft, parse_name
from writer.document.drafts.journal_replay import replay
from writer.document.drafts.recovery import list_drafts, recover
from writer.document.files.encoding import TextFormat
from writer.document.files.file_ops import FileOps
from writer.document.files.saving import save_text
from writer.document.files.text_file import fingerprint


class NoSync(RecordingOps):
    def sync(self, descriptor: int) -> None:
        pass


class NoDataSync(RecordingOps):
    def sync_data(self, descriptor: int) -> None:
        pass


class NoFolderSync(RecordingOps):
    def sync_folder(self, folder: Path) -> None:
        pass


class Life:
    """Some minutes of writing. `texts`: all that the document was, in order; `safe`: (number of file calls so far,
    index of the text that a power cut may no longer take)."""

    def __init__(self, root: Path, ops: RecordingOps) -> None:
        self.ops = ops
        self.recovery, self.story = root / "recovery", root / "story.txt"
        sha256 = fingerprint(self.story, FileOps()).sha256
        draft = Draft("ab12", "story.txt", self.story, sha256=sha256)
        self.bench = Bench(self.recovery, ops=ops, draft=draft, text="Once")
        self.texts, self.safe = ["Once"], [(0, 0)]

    def type(self, text: str) -> None:
        self.bench.type(text)
        self.texts.append(self.bench.document.text)

    def is_safe(self) -> None:
        self.safe.append((len(self.ops.events), len(self.texts) - 1))

    def save(self, number: int, meanwhile: str = "") -> None:
        self.bench.journal.mark(number)
        known = fingerprint(self.story, FileOps())
        saved = save_text(
            self.story,
            self.bench.document.text,
            TextFormat(),
            self.ops,
            expected=known,
            rescue=self.recovery,
        )
        self.is_safe()
        if meanwhile:
            self.type(meanwhile)
            self.bench.wait(0.4)
        self.bench.journal.saved(number, replace(self.bench.draft, sha256=saved.fingerprint.sha256))
        if meanwhile:
            self.is_safe()

    def crash_and_take_up(self) -> None:
        assert self.bench.journal.close(keep=True)
        self.is_safe()
        found = list_drafts([self.recovery], FileOps())[0]
        recovered = recover(found, FileOps())
        self.bench = Bench(
            self.recovery,
            ops=self.ops,
            draft=recovered.draft,
            text=recovered.base_text,
            changes=recovered.changes,
            replaces=found.journal,
        )

    def outgrow_the_text(self) -> None:
        (journal,) = journals(self.recovery)
        n_lines = 0
        while len(journal.read_bytes().splitlines()) > n_lines:
            n_lines = len(journal.read_bytes().splitlines())
            self.type(" king")
            self.bench.wait(0.4)

    def all_of_it(self) -> None:
        self.type(" upon")
        self.bench.wait(0.4)
        self.is_safe()
        for word in (" a", " time"):
            self.type(word)
            self.bench.wait(0.4)
        self.bench.wait(5)
        self.is_safe()
        self.save(1, meanwhile=" there")
        self.type(" was")
        assert self.bench.journal.sync()
        self.is_safe()
        self.save(2)
        self.type(" a")
        self.bench.wait(0.4)
        self.is_safe()
        self.outgrow_the_text()
        self.is_safe()
        self.crash_and_take_up()
        self.type(" a")
        assert self.bench.journal.sync()
        self.is_safe()
        self.save(3)

    def wrong_states(self, step: int = 1) -> Iterator[str]:
        """What a power cut after any of the calls, or every `step`-th, would have taken or spoilt."""
        for n in range(len(self.ops.events), -1, -step):
            least = max(index for n_calls, index in self.safe if n_calls <= n)
            for state in self.ops.states(n):
                if told := self._wrong(state, least):
                    yield f"after {n} calls: {told}"

    def _wrong(self, state: State, least: int) -> str:
        found = [state.get(self.story, b"").decode("utf-8", "replace")]
        for path, content in state.items():
            if path.parent == self.recovery and parse_name(path.name):
                text = _text_of(content)
                if text is None:
                    return "a journal that cannot be read"
                found.append(text)
        if not set(found) <= set(self.texts):
            return "a text that never was"
        newest = max(len(self.texts) - 1 - self.texts[::-1].index(text) for text in found)
        return "" if newest >= least else f"{self.texts[newest]!r} instead of {self.texts[least]!r}"


@cache
def _text_of(journal: bytes) -> str | None:
    read = replay(journal, "ab12")
    return None if read.base is None or read.header.problems else read.buffer.text


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(draft_journal, "CHECKPOINT_BYTES", 700)
    (tmp_path / "story.txt").write_bytes(b"Once")
    return tmp_path


def test_a_power_cut_takes_nothing_that_was_synced_and_spoils_nothing(root: Path) -> None:
    life = Life(root, RecordingOps(root))
    life.all_of_it()
    assert list(life.wrong_states(step=5)) == []


@pytest.mark.long
def test_a_power_cut_at_any_moment_takes_nothing_that_was_synced(root: Path) -> None:
    life = Life(root, RecordingOps(root))
    life.all_of_it()
    assert len(life.ops.events) > 60
    assert list(life.wrong_states()) == []


@pytest.mark.parametrize("disk", [NoSync, NoDataSync, NoFolderSync])
def test_without_any_of_the_syncs_a_power_cut_takes_text(root: Path, disk: type[RecordingOps]) -> None:
    life = Life(root, disk(root))
    life.all_of_it()
    assert any(life.wrong_states())
