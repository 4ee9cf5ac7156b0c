import os
from pathlib import Path

from writer.document.files.companion import companion


def test_a_companion_stands_beside_the_file() -> None:
    assert companion(Path("/there/story.txt"), ".", ".lock") == Path("/there/.story.txt.lock")


def test_d22_names_that_would_be_too_long_are_cut_and_stay_apart(tmp_path: Path) -> None:
    names = ["a" * 255, "a" * 254 + "b", "é" * 127, "é" * 126 + "ab", "\n" * 250, os.fsdecode(b"\xff" * 255)]
    companions = {companion(tmp_path / name, ".", ".writer-lock") for name in names}
    assert len(companions) == len(names)
    for path in companions:
        path.touch()
        assert path.name.endswith(".writer-lock")
        assert path.parent == tmp_path
    assert companion(tmp_path / names[0], ".", ".writer-lock") in companions
