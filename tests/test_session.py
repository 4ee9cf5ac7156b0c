"""The session and the count of starts that failed."""

import dataclasses
import json
from pathlib import Path

import pytest

from writer.errors import WriterError
from writer.session import Session, SessionFile

SESSION = Session("/home/zoé/\udce9.txt", "ab12", 40, 25, "versions", ("/a.txt", "/b.txt"))


def session_file(path: Path, pid: int = 10, running: set[int] | None = None) -> SessionFile:
    alive = running if running is not None else {pid}
    return SessionFile(path, pid, lambda number: number in alive)


def test_a_session_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "state" / "session.json"
    assert session_file(path).load() == Session()
    session_file(path).save(SESSION)
    assert session_file(path).load() == SESSION
    assert [p.name for p in path.parent.iterdir()] == ["session.json"]


def test_recent_files_are_ten_and_the_newest_is_first() -> None:
    session = Session()
    for n in range(12):
        session = session.opened(Path(f"/{n}.txt"))
    session = session.opened(Path("/5.txt"))
    assert session.recent == tuple(f"/{n}.txt" for n in (5, 11, 10, 9, 8, 7, 6, 4, 3, 2))


@pytest.mark.parametrize("content", [b"", b"\xff\x00", b"[1, 2", b"[]", b"[" * 100_000, b"3"])
def test_a_damaged_file_is_set_aside(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "session.json"
    path.write_bytes(content)
    file = session_file(path)
    assert file.load() == Session()
    assert (tmp_path / "session.json.damaged").read_bytes() == content
    assert file.starting() == 0
    file.save(SESSION)
    assert file.load() == SESSION


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("document", 3),
        ("draft_id", None),
        ("caret", -1),
        ("caret", True),
        ("caret", 1.5),
        ("top", float("nan")),
        ("top", -2),
        ("panel", []),
        ("recent", "/a.txt"),
        ("recent", [1, "", None]),
    ],
)
def test_a_wrong_value_costs_only_itself(tmp_path: Path, field: str, value: object) -> None:
    path = tmp_path / "session.json"
    session_file(path).save(SESSION)
    values = json.loads(path.read_bytes())
    values["session"][field] = value
    path.write_text(json.dumps(values))
    expected = {**vars(SESSION), field: getattr(Session(), field)}
    assert session_file(path).load() == Session(**expected)


def test_p03_what_a_newer_writer_has_noted_survives_this_one(tmp_path: Path) -> None:
    path = tmp_path / "session.json"
    newer = {
        "format": 4,
        "windows": [{"document": "/b.txt"}],
        "session": {"document": "/a.txt", "panel": {"left": "versions"}, "recent": ["/a.txt"], "zoom": 1.5},
    }
    path.write_text(json.dumps(newer))
    file = session_file(path)
    assert file.starting() == 0
    session = file.load()
    assert (session.document, session.panel) == ("/a.txt", "")
    file.save(dataclasses.replace(session, caret=7))
    file.ended_well()
    kept = json.loads(path.read_bytes())
    assert (kept["format"], kept["windows"]) == (4, newer["windows"])
    assert kept["session"] == {**newer["session"], "draft_id": "", "caret": 7, "top": 0}  # type: ignore[dict-item]
    file.save(dataclasses.replace(session, panel="models"))
    assert json.loads(path.read_bytes())["session"]["panel"] == "models"


def test_a_session_that_is_no_object_and_starts_that_are_no_numbers(tmp_path: Path) -> None:
    path = tmp_path / "session.json"
    path.write_text('{"session": [1], "starts": [true, -1, "x", 3]}')
    assert session_file(path).load() == Session()
    assert session_file(path).starting() == 1
    path.write_text('{"starts": 7}')
    assert session_file(path).starting() == 0


def test_d49_d50_starts_that_crash_are_counted_until_one_lasts(tmp_path: Path) -> None:
    path = tmp_path / "session.json"
    session_file(path).save(SESSION)
    counts = [session_file(path, pid).starting() for pid in (10, 11, 12, 13)]
    assert counts == [0, 1, 2, 3], "the fourth starts without the session"
    file = session_file(path, 14)
    assert file.starting() == 4
    file.save(SESSION)
    assert session_file(path, 15).starting() == 5, "a session saved meanwhile is no sign of a good start"
    file.lasted()
    assert session_file(path, 16).starting() == 0
    assert session_file(path).load() == SESSION


def test_a_window_closed_soon_is_no_crash(tmp_path: Path) -> None:
    path = tmp_path / "session.json"
    for pid in range(10, 20):
        file = session_file(path, pid)
        assert file.starting() == 0
        file.ended_well()


def test_a_number_that_the_system_gives_again_counts_for_the_crash_it_had(tmp_path: Path) -> None:
    path = tmp_path / "session.json"
    assert session_file(path, 10).starting() == 0
    assert session_file(path, 10).starting() == 1


def test_windows_that_run_at_the_same_time_do_not_count(tmp_path: Path) -> None:
    """Four manuscripts opened at once from a folder are no crashes; one that then crashes is one."""
    path = tmp_path / "session.json"
    running = {10, 11, 12, 13}
    files = [session_file(path, pid, running) for pid in sorted(running)]
    assert [file.starting() for file in files] == [0, 0, 0, 0]
    files[0].lasted()
    running.remove(13)
    assert session_file(path, 14, running).starting() == 1


def test_a_folder_that_cannot_be_written_keeps_nothing_from_starting(tmp_path: Path) -> None:
    (tmp_path / "state").write_bytes(b"")
    file = session_file(tmp_path / "state" / "session.json")
    assert file.load() == Session()
    assert file.starting() == 0
    file.lasted()
    file.ended_well()
    with pytest.raises(WriterError) as refused:
        file.save(SESSION)
    assert refused.value.message.startswith("What is open cannot be remembered: ")
    assert refused.value.hint == f"Check the folder {tmp_path / 'state'}."


def test_a_failed_save_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "session.json"
    session_file(path).save(SESSION)

    def refuse(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", refuse)
    with pytest.raises(WriterError, match="No space left"):
        session_file(path).save(Session())
    assert session_file(path).load() == SESSION
    assert [p.name for p in tmp_path.iterdir()] == ["session.json"]
