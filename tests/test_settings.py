from pathlib import Path

import pytest

from writer.errors import WriterError
from writer.settings import Settings, load_settings, save_settings


def test_settings_come_back(tmp_path: Path) -> None:
    path = tmp_path / "config" / "settings.toml"
    settings = Settings(
        model_id="starter",
        precision="int4",
        autosave=False,
        welcomed=True,
        theme="dark",
        acknowledged=True,
        point_size=18.0,
        window_geometry="AAAA",
        sampling={"temperature": 1.1, "top_k": 40},
    )
    assert load_settings(path) == Settings()
    save_settings(path, settings)
    assert load_settings(path) == settings
    assert [p.name for p in path.parent.iterdir()] == ["settings.toml"]


def test_a_damaged_file_is_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_bytes(b"theme = \xff\x00 [[[")
    assert load_settings(path) == Settings()
    assert (tmp_path / "settings.toml.damaged").read_bytes() == b"theme = \xff\x00 [[["


def test_one_wrong_value_costs_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text('theme = 3\nacknowledged = true\npoint_size = nan\nunknown = "x"\nmodel_id = "gpt2-medium"\n')
    assert load_settings(path) == Settings(model_id="gpt2-medium", acknowledged=True)


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WriterError, match="cannot be saved"):
        save_settings(tmp_path / "file" / "settings.toml", Settings())
