import dataclasses
import tomllib
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


NEWER = """\
format = 3
theme = ["paper", "lamp"]
point_size = "large"
model_id = "starter"
voices = {narrator = "soft"}

[sampling]
temperature = 1.1
warmth = "high"
"""


def test_p03_what_a_newer_writer_has_set_survives_this_one(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(NEWER)
    settings = load_settings(path)
    assert (settings.model_id, settings.theme, settings.point_size) == ("starter", "system", 14.0)
    save_settings(path, dataclasses.replace(settings, autosave=False, model_id="gpt2-medium"))
    kept = tomllib.loads(path.read_text())
    for name, value in tomllib.loads(NEWER).items():
        assert kept[name] == ("gpt2-medium" if name == "model_id" else value), name
    assert load_settings(path).autosave is False


def test_p03_a_value_that_is_not_understood_goes_when_the_writer_sets_it(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(NEWER)
    save_settings(path, dataclasses.replace(load_settings(path), theme="dark"))
    kept = tomllib.loads(path.read_text())
    assert (kept["theme"], kept["point_size"]) == ("dark", "large")
    assert load_settings(path).theme == "dark"


def test_a_file_that_cannot_be_read_is_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.mkdir()
    (path / "kept").write_text("")
    assert load_settings(path) == Settings()
    with pytest.raises(WriterError, match="cannot be saved"):
        save_settings(path, Settings())
    assert (path / "kept").exists()


@pytest.mark.parametrize("content", [b"a = " + b"[" * 100_000, b"\xff", b"theme = 'dark'\ntheme = 'light'\n", b"\0"])
def test_p02_a_damaged_file_gives_the_defaults_and_stays_beside(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "settings.toml"
    path.write_bytes(content)
    assert load_settings(path) == Settings()
    save_settings(path, Settings(theme="sepia"))
    assert load_settings(path) == Settings(theme="sepia")
    assert (tmp_path / "settings.toml.damaged").read_bytes() == content
