"""Saving as a user who may not do everything: root may, so that these run as another user where root runs the tests."""

import os
import stat
from pathlib import Path

import pytest

from tests.document.child import NOBODY, folder_for, run_in_child
from tests.document.faulty_ops import files_in
from writer.document.files.encoding import TextFormat
from writer.document.files.file_ops import FileOps
from writer.document.files.saving import save_text
from writer.document.files.text_file import fingerprint
from writer.errors import WriterError

OLD = b"The old text.\n" * 300


def what_saving_says(path: Path, rescue: Path, *, in_place: bool = False) -> tuple[str, str]:
    """("saved" or the kind of error, its words), of a save by a user without special rights."""

    def save() -> tuple[str, str]:
        expected = fingerprint(path, FileOps())
        try:
            save_text(path, "new", TextFormat(), FileOps(), expected=expected, rescue=rescue, in_place=in_place)
        except WriterError as error:
            return type(error).__name__, str(error)
        return "saved", ""

    told: tuple[str, str] = run_in_child(save, user=NOBODY)
    return told


def test_d17_a_folder_that_may_not_be_written_takes_the_text_in_place_only() -> None:
    with folder_for(NOBODY) as folder:
        stories, rescue = folder / "stories", folder / "rescue"
        path = stories / "story.txt"
        stories.mkdir()
        path.write_bytes(OLD)
        path.chmod(0o666)
        stories.chmod(0o555)
        kind, words = what_saving_says(path, rescue)
        assert kind == "NeedsInPlace"
        assert words.startswith("story.txt can be written, but its folder takes no new files.")
        assert files_in(folder) == {"stories/story.txt": OLD}
        assert what_saving_says(path, rescue, in_place=True) == ("saved", "")
        assert files_in(folder) == {"stories/story.txt": b"new"}
        stories.chmod(0o755)


@pytest.mark.skipif(
    os.geteuid() != 0, reason="a file of another user takes root; test_saving_failures has the system's refusal"
)
def test_d17_a_file_of_another_user_in_a_sticky_folder_takes_the_text_in_place_only() -> None:
    with folder_for(0) as folder:
        path = folder / "story.txt"
        path.write_bytes(OLD)
        path.chmod(0o666)
        folder.chmod(0o1777)
        assert what_saving_says(path, folder / "rescue")[0] == "NeedsInPlace"
        assert files_in(folder) == {"story.txt": OLD}
        assert what_saving_says(path, folder / "rescue", in_place=True) == ("saved", "")
        assert files_in(folder) == {"story.txt": b"new"}


def test_a_folder_and_a_file_that_may_not_be_written_are_refused() -> None:
    with folder_for(NOBODY) as folder:
        path = folder / "story.txt"
        path.write_bytes(OLD)
        path.chmod(0o444)
        folder.chmod(0o555)
        assert what_saving_says(path, folder / "rescue")[0] == "WriterError"
        folder.chmod(0o755)
        assert files_in(folder) == {"story.txt": OLD}


@pytest.mark.parametrize("in_place", [False, True])
def test_d18_a_read_only_file_is_refused_and_keeps_its_mode(in_place: bool) -> None:
    with folder_for(NOBODY) as folder:
        path = folder / "story.txt"
        path.write_bytes(OLD)
        path.chmod(0o444)
        if os.geteuid() == 0:
            os.chown(path, NOBODY, NOBODY)
        assert what_saving_says(path, folder / "rescue", in_place=in_place) == (
            "WriterError",
            "story.txt is write-protected, or its disk is. Save it under another name.",
        )
        assert files_in(folder) == {"story.txt": OLD}
        assert stat.S_IMODE(path.stat().st_mode) == 0o444
