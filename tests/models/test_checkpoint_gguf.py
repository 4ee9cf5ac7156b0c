"""GGUF files as llama.cpp writes them, whole and damaged."""

from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
import torch
from gguf.quants import dequantize, quantize
from hypothesis import given
from hypothesis import strategies as st

from writer.engine.session import ModelSession
from writer.errors import WriterError
from writer.models.checkpoint import open_checkpoint
from writer.models.graph import write_graph
from writer.models.precision import Precision


@pytest.mark.parametrize("name", ["tiny_gpt2", "tiny_llama"])
@pytest.mark.parametrize("stored_as", ["F32", "F16", "Q8_0", "Q4_0", "Q4_1"])
def test_weights_are_what_was_stored(
    name: str, stored_as: str, write_gguf: Any, weights_of: Any, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    model = request.getfixturevalue(name)
    checkpoint = open_checkpoint(write_gguf(tmp_path / "m.gguf", model, stored_as))
    assert checkpoint.config.architecture == model.config.model_type
    for tensor_name, expected in weights_of(model).items():
        found = checkpoint.tensor(tensor_name)
        assert found.dtype == np.float32
        assert found.shape == expected.shape
        spread = {"F32": 0, "F16": 1e-3, "Q8_0": 5e-3, "Q4_0": 0.08, "Q4_1": 0.05}[stored_as]
        assert np.abs(found - expected).max() <= spread, tensor_name


@pytest.mark.parametrize("kind", ["Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K"])
def test_k_quants_are_unpacked(kind: str, write_gguf: Any, tiny_gpt2: Any, tmp_path: Path) -> None:
    """gguf cannot pack K-quants, so random blocks stand in: any bytes are a valid block."""
    kind_id = gguf.GGMLQuantizationType[kind]
    block_values, block_bytes = gguf.GGML_QUANT_SIZES[kind_id]
    torch.manual_seed(0)
    model = type(tiny_gpt2)(type(tiny_gpt2.config)(**{**tiny_gpt2.config.to_dict(), "n_embd": block_values}))
    path = write_gguf(tmp_path / "m.gguf", model)
    reader = gguf.GGUFReader(path)
    writer = gguf.GGUFWriter(tmp_path / "k.gguf", "gpt2")
    for field in reader.fields.values():
        if not field.name.startswith("GGUF.") and field.name != "general.architecture":
            sub = field.types[1] if field.types[0] == gguf.GGUFValueType.ARRAY else None
            writer.add_key_value(field.name, field.contents(), field.types[0], sub)
    rng = np.random.default_rng(1)
    packed = rng.integers(0, 50, (4 * block_values, block_bytes), dtype=np.uint8)
    for tensor in reader.tensors:
        if tensor.name == "blk.0.ffn_up.weight":
            writer.add_tensor(tensor.name, packed, raw_dtype=kind_id)
        else:
            writer.add_tensor(tensor.name, np.array(tensor.data), raw_dtype=tensor.tensor_type)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    found = open_checkpoint(tmp_path / "k.gguf").tensor("h.0.mlp.c_fc.weight")
    np.testing.assert_allclose(found, dequantize(packed, kind_id).T, rtol=1e-6)


def test_llama_rows_come_back_in_their_order(write_gguf: Any, tiny_llama: Any, tmp_path: Path) -> None:
    """The proof is in the logits: a graph built from the GGUF answers as transformers does from its own weights."""
    checkpoint = open_checkpoint(write_gguf(tmp_path / "m.gguf", tiny_llama))
    graph = tmp_path / "m.onnx"
    for _ in write_graph(checkpoint, Precision.FP32, graph):
        pass
    session = ModelSession.load(graph, checkpoint.config, n_threads=1)
    ids = np.random.default_rng(3).integers(0, 300, 40).tolist()
    found = session.extend(session.new_cache(64), ids, n_rows=40)
    with torch.inference_mode():
        expected = tiny_llama(torch.tensor([ids])).logits[0].numpy()
    np.testing.assert_allclose(found, expected, atol=1e-3)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, write_gguf: Any, tiny_gpt2: Any) -> bytes:
    path: Path = write_gguf(tmp_path_factory.mktemp("whole") / "m.gguf", tiny_gpt2, "Q8_0")
    return path.read_bytes()


def read_all(data: bytes, folder: Path) -> None:
    path = folder / "damaged.gguf"
    path.write_bytes(data)
    checkpoint = open_checkpoint(path)
    for name in ("wte.weight", "wpe.weight", "ln_f.weight", "h.1.mlp.c_proj.weight"):
        checkpoint.tensor(name)


@given(share=st.floats(0, 0.999))
def test_a_file_cut_anywhere_is_one_sentence(share: float, whole: bytes, tmp_path: Path) -> None:
    with pytest.raises(WriterError):
        read_all(whole[: int(share * len(whole))], tmp_path)


@given(at=st.integers(0, 3000), value=st.integers(0, 255))
def test_a_changed_byte_in_the_header_is_refused_or_harmless(at: int, value: int, whole: bytes, tmp_path: Path) -> None:
    data = bytearray(whole)
    data[at] = value
    try:
        read_all(bytes(data), tmp_path)
    except WriterError as error:
        assert error.message.endswith(".")  # noqa: PT017 - an error is allowed, not required


@pytest.mark.parametrize("at", range(8, 24, 8))
def test_absurd_counts_claim_no_memory(at: int, whole: bytes, tmp_path: Path) -> None:
    data = bytearray(whole)
    data[at : at + 8] = (2**62).to_bytes(8, "little")
    with pytest.raises(WriterError):
        read_all(bytes(data), tmp_path)


def test_other_architectures_are_named(write_gguf: Any, tiny_gpt2: Any, tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "m.gguf", tiny_gpt2)
    path.write_bytes(path.read_bytes().replace(b"\x04\0\0\0\0\0\0\0gpt2", b"\x04\0\0\0\0\0\0\0bert", 1))
    with pytest.raises(WriterError, match="bert"):
        open_checkpoint(path)


def test_what_is_no_gguf_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.gguf").write_text("once upon a time")
    with pytest.raises(WriterError):
        open_checkpoint(tmp_path / "text.gguf")


def test_quantize_is_the_packages_own() -> None:
    """The reference of this file: packing and unpacking agree."""
    values = np.random.default_rng(0).standard_normal((4, 64)).astype(np.float32)
    kind = gguf.GGMLQuantizationType.Q8_0
    np.testing.assert_allclose(dequantize(quantize(values, kind), kind), values, atol=0.02)
