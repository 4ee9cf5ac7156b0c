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
from numpy.typing import NDArray

from writer.engine.session import ModelSession
from writer.engine.tokenizer import Tokenizer
from writer.errors import WriterError
from writer.models.checkpoint import gguf_file, open_checkpoint
from writer.models.graph import write_graph
from writer.models.precision import Precision

# How far a value may lie from the one that was stored.
SPREAD = {"F32": 0, "F16": 1e-3, "BF16": 2e-3, "Q8_0": 5e-3, "Q5_0": 0.04, "Q5_1": 0.025, "Q4_0": 0.08, "Q4_1": 0.05}
# Forms that the gguf package unpacks but cannot pack, and at which byte of a block its half-precision scales begin.
UNPACKED_ONLY = {
    "Q2_K": (80, 82),
    "Q3_K": (108,),
    "Q4_K": (0, 2),
    "Q5_K": (0, 2),
    "Q6_K": (208,),
    "IQ4_NL": (0,),
    "IQ4_XS": (0,),
}


@pytest.mark.parametrize("name", ["tiny_gpt2", "tiny_llama"])
@pytest.mark.parametrize("stored_as", SPREAD)
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
        assert np.abs(found - expected).max() <= SPREAD[stored_as], tensor_name


def resized(model: Any, **sizes: int) -> Any:
    """Another model of this kind, wide enough for blocks of 256 values."""
    torch.manual_seed(0)
    return type(model)(type(model.config)(**{**model.config.to_dict(), **sizes}))


def random_blocks(stored_as: str, n_rows: int, n_columns: int) -> tuple[gguf.GGMLQuantizationType, NDArray[np.uint8]]:
    """Any bytes are a block, as long as its scales are numbers."""
    kind = gguf.GGMLQuantizationType[stored_as]
    block_values, block_bytes = gguf.GGML_QUANT_SIZES[kind]
    rng = np.random.default_rng(1)
    blocks = rng.integers(0, 256, (n_rows * n_columns // block_values, block_bytes), dtype=np.uint8)
    for at in UNPACKED_ONLY[stored_as]:
        blocks[:, at + 1] &= 0xBF  # without the exponent's highest bit: finite, and below 2
    return kind, blocks.reshape(n_rows, -1)


@pytest.mark.parametrize("stored_as", UNPACKED_ONLY)
def test_products_of_gpt2_are_unpacked_and_turned(
    stored_as: str, write_gguf: Any, tiny_gpt2: Any, tmp_path: Path
) -> None:
    kind, packed = random_blocks(stored_as, 4 * 256, 256)
    model = resized(tiny_gpt2, n_embd=256)
    path = write_gguf(tmp_path / "m.gguf", model, packed={"blk.0.ffn_up.weight": (kind, packed)})
    found = open_checkpoint(path).tensor("h.0.mlp.c_fc.weight")
    assert found.std() > 0.1
    np.testing.assert_array_equal(found, dequantize(packed, kind).T)


@pytest.mark.parametrize("stored_as", UNPACKED_ONLY)
def test_queries_and_keys_of_llama_are_unpacked_and_their_rows_put_in_order(
    stored_as: str, write_gguf: Any, tiny_llama: Any, tmp_path: Path
) -> None:
    n_heads = {"q": 4, "k": 2}
    packed = {part: random_blocks(stored_as, 32 * n, 256) for part, n in n_heads.items()}
    model = resized(tiny_llama, hidden_size=256)
    path = write_gguf(
        tmp_path / "m.gguf", model, packed={f"blk.1.attn_{part}.weight": packed[part] for part in n_heads}
    )
    checkpoint = open_checkpoint(path)
    for part, n in n_heads.items():
        found = checkpoint.tensor(f"layers.1.self_attn.{part}_proj.weight")
        stored = dequantize(packed[part][1], packed[part][0])
        for head in range(n):
            for pair in range(16):  # two rows that turn together: neighbours in the file, half a head apart here
                first, second = 32 * head + pair, 32 * head + pair + 16
                np.testing.assert_array_equal(found[first], stored[32 * head + 2 * pair])
                np.testing.assert_array_equal(found[second], stored[32 * head + 2 * pair + 1])


def test_a_large_tensor_is_unpacked_by_parts(
    write_gguf: Any, tiny_gpt2: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_gguf(tmp_path / "m.gguf", tiny_gpt2, "Q5_1")
    whole = open_checkpoint(path).tensor("wte.weight")
    monkeypatch.setattr(gguf_file, "_CHUNK_VALUES", 64 * 7)  # 320 rows are no whole number of 7
    np.testing.assert_array_equal(open_checkpoint(path).tensor("wte.weight"), whole)


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


@pytest.mark.parametrize("stored_as", ["F32", "Q8_0"])
def test_a_head_that_is_a_copy_of_the_embedding_is_none(
    stored_as: str, write_gguf: Any, tiny_gpt2: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gguf_file, "_CHUNK_VALUES", 1000)  # compared by parts, and no whole number of them
    embedding = tiny_gpt2.transformer.wte.weight.detach().numpy()
    path = write_gguf(tmp_path / "copy.gguf", tiny_gpt2, stored_as, more_tensors={"output.weight": embedding})
    checkpoint = open_checkpoint(path)
    assert checkpoint.config.tied_head
    assert not checkpoint.has("lm_head.weight")
    own = embedding.copy()
    own[-1, -1] += 1  # the very last value
    checkpoint = open_checkpoint(
        write_gguf(tmp_path / "own.gguf", tiny_gpt2, stored_as, more_tensors={"output.weight": own})
    )
    assert not checkpoint.config.tied_head
    np.testing.assert_allclose(checkpoint.tensor("lm_head.weight"), own, atol=0.02)


def test_a_copy_in_another_form_is_a_head_of_its_own(write_gguf: Any, tiny_gpt2: Any, tmp_path: Path) -> None:
    embedding = tiny_gpt2.transformer.wte.weight.detach().numpy()
    kind = gguf.GGMLQuantizationType.Q8_0
    path = write_gguf(
        tmp_path / "m.gguf",
        tiny_gpt2,
        more_tensors={"output.weight": embedding},
        packed={"output.weight": (kind, quantize(embedding, kind))},
    )
    checkpoint = open_checkpoint(path)
    assert not checkpoint.config.tied_head
    np.testing.assert_allclose(checkpoint.tensor("lm_head.weight"), checkpoint.tensor("wte.weight"), atol=5e-3)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"llama.rope.scaling.type": "yarn"}, "rotary positions are scaled"),
        ({"llama.rope.scale_linear": 2.0}, r"uses rope\.scale_linear"),
        ({"llama.rope.dimension_count": 16}, "a part of each head only"),
        ({"llama.expert_count": 8}, "uses expert_count"),
        ({"llama.attention.sliding_window": 4096}, r"uses attention\.sliding_window"),
        ({"tokenizer.ggml.model": "llama"}, "SentencePiece, not byte-level BPE"),
        ({"tokenizer.ggml.model": "bert"}, "bert, not byte-level BPE"),
        ({"tokenizer.ggml.pre": "llama-bpe"}, r"does not know \('llama-bpe'\)"),
    ],
)
def test_what_the_graphs_do_not_cover_is_refused(
    fields: dict[str, Any], sentence: str, write_gguf: Any, tiny_llama: Any, tmp_path: Path
) -> None:
    with pytest.raises(WriterError, match=sentence):
        open_checkpoint(write_gguf(tmp_path / "m.gguf", tiny_llama, fields=fields))


def test_frequencies_of_its_own_are_refused(write_gguf: Any, tiny_llama: Any, tmp_path: Path) -> None:
    frequencies = np.ones(16, np.float32)
    path = write_gguf(tmp_path / "m.gguf", tiny_llama, more_tensors={"rope_freqs.weight": frequencies})
    with pytest.raises(WriterError, match="rotary positions are scaled"):
        open_checkpoint(path)


def test_features_that_are_named_but_not_used_are_no_obstacle(
    write_gguf: Any, tiny_llama: Any, weights_of: Any, tmp_path: Path
) -> None:
    fields = {"llama.rope.scaling.type": "none", "llama.expert_count": 0, "llama.rope.dimension_count": 32}
    checkpoint = open_checkpoint(write_gguf(tmp_path / "m.gguf", tiny_llama, fields=fields))
    np.testing.assert_array_equal(checkpoint.tensor("norm.weight"), weights_of(tiny_llama)["norm.weight"])


def tokenizer_in(path: Path) -> Tokenizer:
    spec = open_checkpoint(path).tokenizer
    assert spec is not None
    return Tokenizer(spec)


def test_special_tokens_come_from_the_file(write_gguf: Any, tiny_gpt2: Any, tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "m.gguf", tiny_gpt2)
    checkpoint = open_checkpoint(path)
    tokenizer = tokenizer_in(path)
    special = tokenizer.spec.special_tokens
    assert special[:3] == ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
    assert special[3] == "[PAD263]"  # rows of the embedding that no text uses
    assert special[-1] == "[PAD319]"
    assert checkpoint.config.eos_token_ids == (0, 2)  # <|endoftext|>, and the one that the file names
    assert tokenizer.decode([1, *tokenizer.encode("the"), 2, 319]) == "the"
    assert not tokenizer.special_ids & set(tokenizer.encode("<|im_end|>"))
    untyped = tokenizer_in(write_gguf(tmp_path / "untyped.gguf", tiny_gpt2, fields={"tokenizer.ggml.token_type": ...}))
    assert untyped.spec.special_tokens == ("<|endoftext|>",)


@pytest.mark.parametrize(("named", "ours", "tokens"), [("smollm", "smollm", "Ġ 1 1"), ("gpt-2", "gpt2", "Ġ1 1")])
def test_how_text_is_split_comes_from_the_file(
    named: str, ours: str, tokens: str, write_gguf: Any, tiny_gpt2: Any, tmp_path: Path
) -> None:
    tokenizer = tokenizer_in(write_gguf(tmp_path / "m.gguf", tiny_gpt2, pre_tokenizer=named))
    assert tokenizer.spec.pre_tokenizer == ours
    assert [tokenizer.spec.tokens[i] for i in tokenizer.encode(" 11")] == tokens.split(" ")


def test_a_file_that_does_not_say_how_text_is_split_is_gpt2s(write_gguf: Any, tiny_gpt2: Any, tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "m.gguf", tiny_gpt2, fields={"tokenizer.ggml.pre": ...})
    assert tokenizer_in(path).spec.pre_tokenizer == "gpt2"


def test_a_file_without_a_tokenizer_carries_none(write_gguf: Any, tiny_gpt2: Any, tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "m.gguf", tiny_gpt2, fields={"tokenizer.ggml.model": "no_vocab"})
    assert open_checkpoint(path).tokenizer is None


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
