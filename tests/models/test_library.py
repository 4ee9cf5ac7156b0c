"""Adding models from a folder, a file or a repository: what they are called, and which way they take."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from writer.errors import UsageError, WriterError
from writer.models.build import BuildFinished
from writer.models.catalog import DEFAULT_MODEL
from writer.models.child import Event
from writer.models.download import HubSettings
from writer.models.library import Library
from writer.models.manifest import is_id
from writer.models.store import InstalledModel, ModelStore
from writer.paths import resources_dir, user_paths


@pytest.fixture
def library(writer_home: Path) -> Library:
    paths = user_paths({"WRITER_HOME": str(writer_home)})
    return Library(ModelStore(paths.models), resources_dir(), paths.own_catalog, HubSettings(is_offline=True))


@pytest.fixture
def describe(tmp_path: Path) -> Callable[[str], Path]:
    """A folder with nothing but a config.json."""

    def describe(config: str) -> Path:
        folder = tmp_path / "My model"
        folder.mkdir()
        (folder / "config.json").write_text(config)
        return folder

    return describe


def finish(events: Iterator[Event]) -> InstalledModel:
    *_, last = events
    assert isinstance(last, BuildFinished)
    return last.model


# -- what it is called ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "model_id"),
    [
        ("tiny", "tiny"),
        ("My own model (v2)", "My-own-model-v2"),
        ("gpt2.Q8_0", "gpt2.Q8_0"),
        ("-._x_.-", "x"),
        ("модель", "model"),
        ("", "model"),
        ("..", "model"),
        ("a" * 47 + ".b", "a" * 47),
        (DEFAULT_MODEL, f"{DEFAULT_MODEL}-2"),
        (DEFAULT_MODEL.upper(), f"{DEFAULT_MODEL.upper()}-2"),  # some systems take both for one folder
    ],
)
def test_an_id_after_a_name(library: Library, name: str, model_id: str) -> None:
    assert library.new_id(name) == model_id


def test_an_id_that_no_model_has_sound_or_damaged(library: Library) -> None:
    for taken in ("tiny", "tiny-2", "tiny-4"):
        (library.store.models_dir / taken).mkdir(parents=True)
    assert library.new_id("tiny") == "tiny-3"


@given(st.text(max_size=80))
def test_any_name_makes_an_id(name: str) -> None:
    library = Library(ModelStore(Path("none")), resources_dir(), Path("none"), HubSettings())
    model_id = library.new_id(name)
    assert is_id(model_id)
    assert model_id not in library.catalog


# -- which way it takes --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["My tiny.gguf", "My tiny/model.gguf"], ids=["file", "folder"])
def test_a_gguf_is_built_and_called_after_what_has_a_name(
    library: Library, write_gguf: Any, tiny_llama: Any, tmp_path: Path, path: str
) -> None:
    (tmp_path / path).parent.mkdir(exist_ok=True)
    model = finish(library.add(write_gguf(tmp_path / path, tiny_llama)))
    assert (model.id, model.title, list(model.manifest.precisions)) == ("My-tiny", "My tiny", ["int8"])
    model.verify()
    assert library.new_id("My tiny") == "My-tiny-2"
    assert [item.id for item in library.shelf() if item.is_ready] == ["My-tiny"]


def test_a_folder_is_built_under_the_id_it_is_given(library: Library, tiny_gpt2: Any, tmp_path: Path) -> None:
    tiny_gpt2.save_pretrained(tmp_path / "checkpoint")
    with pytest.raises(WriterError, match="more tokens than the model"):  # GPT-2's own has
        finish(library.add(tmp_path / "checkpoint", "mine"))
    assert library.store.list() == []


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ('{"model_type": "opt"}', "no weights as safetensors"),
        ('{"model_type": "gpt2", "n_layer":', r"config\.json .*damaged"),
        ("[]", r"config\.json .*damaged"),
    ],
    ids=["another kind", "cut short", "no object"],
)
def test_a_folder_that_only_describes_a_model(
    library: Library, describe: Callable[[str], Path], config: str, told: str
) -> None:
    with pytest.raises(WriterError, match=told) as refused:
        finish(library.add(describe(config)))
    assert refused.value.hint
    assert library.store.list() == []


def test_a_graph_is_imported_whatever_its_folder_describes(library: Library, describe: Callable[[str], Path]) -> None:
    shape = {"n_positions": 16, "n_embd": 64, "n_layer": 1, "n_head": 1, "vocab_size": 300, "eos_token_id": 0}
    folder = describe(json.dumps({"model_type": "gpt2", **shape}))
    (folder / "model.onnx").write_bytes(b"no graph")
    with pytest.raises(WriterError, match=r"model\.onnx is no ONNX graph"):
        finish(library.add(folder))


def test_what_is_no_model_is_told_in_one_sentence(library: Library, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("Not a model.")
    (tmp_path / "empty").mkdir()
    for name in ("notes.txt", "empty"):
        with pytest.raises(WriterError) as refused:
            finish(library.add(tmp_path / name))
        assert name in refused.value.message
        assert "Traceback" not in str(refused.value)


@pytest.mark.parametrize(
    "ask",
    [
        lambda library, folder: library.add(folder / "gone"),
        lambda library, folder: library.add_repository("neither folder nor repository"),
        lambda library, folder: library.add_repository("owner/name/more"),
        lambda library, folder: library.add_repository("../name"),
    ],
    ids=["no such path", "words", "too long", "a way up"],
)
def test_what_is_neither_is_refused_before_anything_begins(
    library: Library, ask: Callable[[Library, Path], object], tmp_path: Path
) -> None:
    with pytest.raises(UsageError):
        ask(library, tmp_path)
    assert not library.store.models_dir.exists()


def test_offline_a_repository_is_told_so(library: Library) -> None:
    with pytest.raises(WriterError, match="HF_HUB_OFFLINE"):
        finish(library.add_repository("someone/tiny"))


def test_a_home_is_understood(library: Library, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(UsageError, match=f"{tmp_path}/gone"):
        library.add(Path("~/gone"))
