"""Checkpoint to installed model, all or nothing."""

import copy
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel

from tests.models.conftest import N_VOCAB
from writer.cli.main import main
from writer.engine.tokenizer import Tokenizer, TokenizerSpec
from writer.errors import WriterError
from writer.models.build import BuildFinished, BuildProgress, BuildRequest, build_model
from writer.models.graph.builder import GraphBuilder
from writer.models.precision import Precision
from writer.models.store import InstalledModel, ModelStore
from writer.paths import resources_dir, user_paths

GATE_TEXT = (resources_dir() / "gate" / "alice.txt").read_text(encoding="utf-8")[:20_000]


@pytest.fixture
def source(write_gguf: Any, tiny_llama: Any, tmp_path: Path) -> Path:
    path: Path = write_gguf(tmp_path / "tiny.gguf", tiny_llama)
    return path


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "models")


def built(
    source: Path, store: ModelStore, precision: Precision = Precision.INT8, model_id: str = "tiny"
) -> InstalledModel:
    events = list(build_model(BuildRequest(source, model_id, (precision,), GATE_TEXT), store))
    assert all(isinstance(event, BuildProgress) for event in events[:-1])
    assert isinstance(events[-1], BuildFinished)
    return events[-1].model


def left_over(store: ModelStore) -> list[str]:
    """Everything in the models folder but the locks, which are empty files that stay."""
    return [str(path) for path in store.models_dir.rglob("*") if ".locks" not in path.parts]


@pytest.mark.parametrize("precision", [Precision.FP32, Precision.INT8, Precision.INT4])
def test_the_manifest_says_where_it_came_from_and_what_it_lost(
    precision: Precision, source: Path, store: ModelStore
) -> None:
    model = built(source, store, precision)
    manifest = store.get("tiny").manifest
    assert manifest == model.manifest
    assert len(manifest.source_files["tiny.gguf"].sha256) == 64
    record = manifest.precisions[precision]
    assert record.n_gate_tokens >= 3000
    assert record.perplexity > 1
    assert record.perplexity_fp32 > 1
    assert model.graph().exists()


@pytest.fixture(scope="module")
def learnt(byte_vocabulary: dict[str, int], byte_merges: list[str]) -> GPT2LMHeadModel:
    """A GPT-2 that has read the gate's text for some seconds: what it loses is something learnt, not noise."""
    spec = TokenizerSpec.from_vocabulary(byte_vocabulary, byte_merges, "smollm", ["<|endoftext|>"])
    windows = torch.tensor(Tokenizer(spec).encode(GATE_TEXT)[:3072]).reshape(-1, 128)
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)  # for steps this small more threads wait longer for each other than they work
    torch.manual_seed(4)
    # A width of one block of 128 and a piece of another: an outlier in the piece leaves the block its resolution.
    config = GPT2Config(
        vocab_size=N_VOCAB,
        n_positions=128,
        n_embd=144,
        n_layer=2,
        n_head=3,
        resid_pdrop=0,
        embd_pdrop=0,
        attn_pdrop=0,
        bos_token_id=0,
        eos_token_id=0,
    )
    model = GPT2LMHeadModel(config)
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for step in range(60):
        batch = windows[step % 6 :: 6]
        loss = model(batch, labels=batch).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    torch.set_num_threads(n_threads)
    assert loss.item() < 3.2
    return model.eval()


def with_outlier(model: GPT2LMHeadModel, times: float) -> GPT2LMHeadModel:
    """The same network, in which one channel of what the first products of the MLPs multiply is so much larger, and
    the weights that it meets so much smaller."""
    other = copy.deepcopy(model)
    with torch.no_grad():
        for block in other.transformer.h:
            block.ln_2.weight[-1] *= times
            block.ln_2.bias[-1] *= times
            block.mlp.c_fc.weight[-1] /= times
    return other


def test_int8_that_loses_too_much_gives_way_to_blocks_and_says_so(
    learnt: GPT2LMHeadModel, write_gguf: Any, tmp_path: Path, writer_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = ModelStore(user_paths({"WRITER_HOME": str(writer_home)}).models)
    even = built(write_gguf(tmp_path / "even.gguf", learnt), store, model_id="even").manifest
    assert even.default_precision is Precision.INT8
    assert list(even.precisions) == ["int8"]
    assert even.note == ""
    assert even.precisions["int8"].loss < 0.02

    model = built(write_gguf(tmp_path / "uneven.gguf", with_outlier(learnt, 400)), store, model_id="uneven")
    rows, blocks = model.manifest.precisions["int8"], model.manifest.precisions["int8-blocks"]
    assert rows.perplexity_fp32 == pytest.approx(even.precisions["int8"].perplexity_fp32, rel=1e-4)
    assert rows.loss > 0.05
    assert blocks.loss < 0.02
    assert model.default_precision is Precision.INT8_BLOCKS
    assert model.graph().name == "int8-blocks.onnx"
    assert model.manifest.note == (
        f"In fast 8-bit form this model loses {rows.loss:.1%} of its quality, "
        f"so it uses 8-bit blocks, which lose {blocks.loss:.1%}."
    )

    assert main(["models", "info", "uneven"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert f"  note       {model.manifest.note}" in lines
    (used,) = [line for line in lines if line.endswith("(used)")]
    assert used.startswith("  int8-blocks")


@pytest.mark.parametrize("n_events", [0, 1, 4, 9])
def test_giving_up_leaves_nothing(n_events: int, source: Path, store: ModelStore) -> None:
    events = build_model(BuildRequest(source, "tiny", (Precision.INT8,), GATE_TEXT), store)
    for _ in range(n_events):
        next(events)
    events.close()  # type: ignore[attr-defined]
    assert left_over(store) == []
    assert store.list() == []
    built(source, store)


def test_a_failed_rebuild_keeps_the_model_there_was(source: Path, store: ModelStore, tmp_path: Path) -> None:
    before = built(source, store).manifest
    cut = tmp_path / "cut.gguf"
    cut.write_bytes(source.read_bytes()[:-5000])
    with pytest.raises(WriterError):
        built(cut, store)
    assert store.get("tiny").manifest == before


def test_no_free_disk_is_told_before_anything_is_written(
    source: Path, store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(source.parent)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1000))
    with pytest.raises(WriterError, match="free disk space"):
        built(source, store)
    assert left_over(store) == []


def _write_to_the_full_device(builder: Any) -> Any:
    builder._data = Path("/dev/full").open("wb")  # noqa: SIM115 - the builder closes it
    return builder


@pytest.fixture
def small_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], ModelStore]]:
    """A function that gives a store on a disk of so many bytes. Who may not mount one gets a store that writes its
    weights to the device that is always full."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def mount(n_bytes: int) -> ModelStore:
        command = ["mount", "-t", "tmpfs", "-o", f"size={n_bytes}", "writer-test", folder]
        if subprocess.run(command, capture_output=True).returncode:
            monkeypatch.setattr(GraphBuilder, "__enter__", _write_to_the_full_device)
        return ModelStore(folder / "models")

    yield mount
    if folder.is_mount():
        subprocess.run(["umount", folder], check=True)


@pytest.mark.parametrize("share", [0.3, 0.99])
def test_a_disk_that_is_full_halfway_is_told_and_left_empty(
    share: float, source: Path, store: ModelStore, small_disk: Callable[[int], ModelStore]
) -> None:
    """Before the build there was room enough, as far as anybody could tell: in the middle of the weights, or for all
    but the last small files."""
    small = small_disk(int(share * built(source, store).size_bytes))
    with pytest.raises(WriterError) as caught:
        built(source, small)
    assert caught.value.message == "The disk is full, so the model was not built."
    assert left_over(small) == []


def test_names_that_would_leave_the_folder_are_refused(source: Path, store: ModelStore) -> None:
    for name in ("../outside", "a/b", "", ".hidden"):
        with pytest.raises(WriterError):
            built(source, store, model_id=name)
    assert left_over(store) == []


def test_an_unknown_model_is_answered_with_the_nearest(source: Path, store: ModelStore) -> None:
    built(source, store)
    with pytest.raises(WriterError, match="tiny"):
        store.get("tinny")
    store.remove("tiny")
    assert store.list() == []
    with pytest.raises(WriterError):
        store.remove("tiny")


def test_a_model_that_lost_a_file_is_told(source: Path, store: ModelStore) -> None:
    model = built(source, store)
    model.graph().unlink()
    with pytest.raises(WriterError):
        store.get("tiny").graph()


def test_a_further_precision_stands_beside_the_one_there_was(source: Path, store: ModelStore) -> None:
    first = built(source, store).manifest
    request = BuildRequest(source, "tiny", (Precision.INT4,), GATE_TEXT, add=True)
    *_, finished = build_model(request, store)
    assert isinstance(finished, BuildFinished)
    manifest = finished.model.manifest
    assert manifest.default_precision is Precision.INT8
    assert manifest.precisions["int8"] == first.precisions["int8"]
    assert manifest.precisions["int4"].perplexity_fp32 == first.precisions["int8"].perplexity_fp32
    finished.model.verify()


def test_a_further_precision_of_other_weights_is_refused(
    source: Path, store: ModelStore, write_gguf: Any, tiny_gpt2: Any, tmp_path: Path
) -> None:
    before = built(source, store).manifest
    other = write_gguf(tmp_path / "other.gguf", tiny_gpt2)
    with pytest.raises(WriterError, match="other files"):
        list(build_model(BuildRequest(other, "tiny", (Precision.INT4,), GATE_TEXT, add=True), store))
    assert store.get("tiny").manifest == before


def test_what_a_form_needs_and_gives_is_measured(source: Path, store: ModelStore) -> None:
    manifest = built(source, store).manifest
    assert manifest.parameters == 320 * 64 * 2 + 64 + 2 * (2 * 64 * 128 + 2 * 64 * 64 + 3 * 64 * 96 + 2 * 64)
    assert manifest.precisions["int8"].decode_tps > 1
    assert manifest.precisions["int8"].memory_bytes < 200e6
