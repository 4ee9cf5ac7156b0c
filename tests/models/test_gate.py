"""The quality gate's windows, and the room that a build is said to need."""

from pathlib import Path

import pytest

from writer.engine.tokenizer import Tokenizer, TokenizerSpec
from writer.models import gate
from writer.models.build import BuildFinished, BuildRequest, build_model, needed_bytes
from writer.models.checkpoint import open_checkpoint
from writer.models.precision import Precision
from writer.models.store import ModelStore
from writer.paths import resources_dir

GATE_TEXT = (resources_dir() / "gate" / "alice.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize(("n_ctx", "width"), [(1024, 512), (512, 512), (400, 400), (48, 48), (7, 7)])
def test_windows_hold_three_thousand_tokens_whatever_the_model_holds(n_ctx, width, spec):
    windows = gate.gate_windows(Tokenizer(spec), GATE_TEXT, n_ctx)
    assert windows.shape[1] == width
    assert 3000 <= windows.size < 3072 + width


@pytest.fixture(scope="module")
def spec() -> TokenizerSpec:
    files = resources_dir() / "gpt2-tokenizer"
    return TokenizerSpec.from_gpt2_files(files / "vocab.json", files / "merges.txt")


@pytest.mark.parametrize("precision", [Precision.INT8_BLOCKS, Precision.INT4, Precision.FP32, Precision.FP16])
def test_the_room_asked_for_suffices_for_a_tied_head(precision, tmp_path: Path):
    """A wide vocabulary over a narrow network: the head is nearly all of it, and whether it is stored twice decides."""
    from transformers import GPT2Config, GPT2LMHeadModel

    GPT2LMHeadModel(GPT2Config(n_embd=128, n_layer=1, n_head=2, n_positions=512)).save_pretrained(tmp_path / "source")
    checkpoint = open_checkpoint(tmp_path / "source")
    request = BuildRequest(
        tmp_path / "source", "tiny", (precision,), GATE_TEXT, tokenizer=resources_dir() / "gpt2-tokenizer"
    )
    finished = list(build_model(request, ModelStore(tmp_path / "models")))[-1]
    assert isinstance(finished, BuildFinished)
    written = sum(file.size_bytes for file in finished.model.manifest.precisions[precision].files.values())
    config = checkpoint.config
    asked = needed_bytes(checkpoint.n_parameters, (precision,), config.n_vocab * config.n_embd)
    assert written < asked < 1.6 * written
