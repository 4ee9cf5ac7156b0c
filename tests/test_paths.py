"""Where Writer finds what it ships with."""

import sys
from pathlib import Path

import pytest

from writer.paths import resources_dir, shipped_models_dir


def test_a_packaged_writer_has_its_resources_and_models_in_its_own_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path), raising=False)
    (tmp_path / "resources").mkdir()
    assert resources_dir() == tmp_path / "resources"
    assert shipped_models_dir() is None
    models = tmp_path / "resources" / "models"
    models.write_text("no folder")
    assert shipped_models_dir() is None
    models.unlink()
    models.mkdir()
    assert shipped_models_dir() == models


def test_a_checkout_comes_without_models() -> None:
    assert (resources_dir() / "models.toml").is_file()
    assert shipped_models_dir() is None
