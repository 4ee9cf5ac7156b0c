"""Hugging Face folders: what transformers writes is read back as it was; the rest is refused in one sentence."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from transformers import GPT2LMHeadModel, LlamaForCausalLM, PreTrainedModel

from writer.engine.tokenizer import Tokenizer
from writer.errors import WriterError
from writer.models.checkpoint import open_checkpoint
from writer.models.checkpoint.checkpoint import LLAMA_MAX_CTX
from writer.paths import resources_dir

Weights = dict[str, NDArray[np.float32]]
WeightsOf = Callable[[PreTrainedModel], Weights]
EditJson = Callable[..., None]


@pytest.fixture
def gpt2_folder(tiny_gpt2: GPT2LMHeadModel, tmp_path: Path) -> Path:
    tiny_gpt2.save_pretrained(tmp_path / "gpt2")
    return tmp_path / "gpt2"


@pytest.fixture
def llama_folder(tiny_llama: LlamaForCausalLM, tmp_path: Path) -> Path:
    tiny_llama.save_pretrained(tmp_path / "llama")
    return tmp_path / "llama"


def assert_holds(path: Path, expected: Weights) -> None:
    checkpoint = open_checkpoint(path)
    assert checkpoint.has("lm_head.weight") == ("lm_head.weight" in expected)
    for name, values in expected.items():
        read = checkpoint.tensor(name)
        assert read.dtype == np.float32
        assert read.flags.c_contiguous
        np.testing.assert_array_equal(read, values, err_msg=name)


def test_gpt2_as_saved(gpt2_folder: Path, tiny_gpt2: GPT2LMHeadModel, weights_of: WeightsOf) -> None:
    checkpoint = open_checkpoint(gpt2_folder)
    config = checkpoint.config
    assert (config.architecture, config.n_vocab, config.n_ctx, config.n_embd) == ("gpt2", 320, 48, 64)
    assert (config.n_layer, config.n_head, config.n_kv_head, config.head_dim, config.n_inner) == (2, 4, 4, 16, 256)
    assert (config.norm_eps, config.tied_head, config.eos_token_ids) == (1e-5, True, (0,))
    assert checkpoint.kind == "safetensors"
    assert [path.name for path in checkpoint.files][:2] == ["model.safetensors", "config.json"]
    assert checkpoint.tokenizer is None
    assert_holds(gpt2_folder, weights_of(tiny_gpt2))


def test_llama_as_saved(llama_folder: Path, tiny_llama: LlamaForCausalLM, weights_of: WeightsOf) -> None:
    config = open_checkpoint(llama_folder).config
    assert (config.architecture, config.n_embd, config.n_head, config.n_kv_head) == ("llama", 64, 4, 2)
    assert (config.head_dim, config.n_inner, config.norm_eps, config.rope_theta) == (32, 96, 1e-5, 5000.0)
    assert config.n_ctx == LLAMA_MAX_CTX == 2048
    assert config.eos_token_ids == (2, 5)
    assert not config.tied_head
    assert_holds(llama_folder, weights_of(tiny_llama))


def test_the_weights_file_itself_may_be_named(gpt2_folder: Path) -> None:
    assert open_checkpoint(gpt2_folder / "model.safetensors").config.n_layer == 2


@pytest.mark.parametrize("model", ["gpt2", "llama"])
def test_shards(model: str, tmp_path: Path, weights_of: WeightsOf, request: pytest.FixtureRequest) -> None:
    original = request.getfixturevalue(f"tiny_{model}")
    original.save_pretrained(tmp_path, max_shard_size="60KB")
    shards = sorted(tmp_path.glob("*.safetensors"))
    assert len(shards) > 2
    assert open_checkpoint(tmp_path).files[: len(shards)] == tuple(shards)
    assert_holds(tmp_path, weights_of(original))
    shards[1].unlink()
    with pytest.raises(WriterError, match=f"part {shards[1].name} is missing"):
        open_checkpoint(tmp_path)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_becomes_float32(dtype: torch.dtype, gpt2_folder: Path) -> None:
    file = gpt2_folder / "model.safetensors"
    halves = {name: tensor.to(dtype) for name, tensor in load_file(file).items()}
    save_file(halves, file)
    expected = {name.removeprefix("transformer."): tensor.float().numpy() for name, tensor in halves.items()}
    assert_holds(gpt2_folder, expected)


@pytest.mark.parametrize(("model", "prefix"), [("gpt2", "transformer."), ("llama", "model.")])
def test_names_without_their_prefix(
    model: str, prefix: str, weights_of: WeightsOf, request: pytest.FixtureRequest
) -> None:
    folder: Path = request.getfixturevalue(f"{model}_folder")
    file = folder / "model.safetensors"
    bare = {name.removeprefix(prefix): tensor for name, tensor in load_file(file).items()}
    save_file(bare, file)
    assert_holds(folder, weights_of(request.getfixturevalue(f"tiny_{model}")))


def test_stored_constants_are_ignored(gpt2_folder: Path, tiny_gpt2: GPT2LMHeadModel, weights_of: WeightsOf) -> None:
    file = gpt2_folder / "model.safetensors"
    tensors = load_file(file)
    tensors["transformer.h.0.attn.bias"] = torch.ones(1, 1, 48, 48, dtype=torch.bool)
    tensors["transformer.h.0.attn.masked_bias"] = torch.tensor(-1e4)
    save_file(tensors, file)
    assert_holds(gpt2_folder, weights_of(tiny_gpt2))


def test_a_head_of_its_own(gpt2_folder: Path, edit_json: EditJson) -> None:
    file = gpt2_folder / "model.safetensors"
    head = torch.randn(320, 64)
    save_file(load_file(file) | {"lm_head.weight": head}, file)
    assert not open_checkpoint(gpt2_folder).has("lm_head.weight")  # tied, says config.json: the copy is not used
    edit_json(gpt2_folder / "config.json", tie_word_embeddings=False)
    checkpoint = open_checkpoint(gpt2_folder)
    assert not checkpoint.config.tied_head
    np.testing.assert_array_equal(checkpoint.tensor("lm_head.weight"), head.numpy())


def test_an_untied_head_that_is_missing(gpt2_folder: Path, edit_json: EditJson) -> None:
    edit_json(gpt2_folder / "config.json", tie_word_embeddings=False)
    with pytest.raises(WriterError, match=r"lacks the tensor lm_head\.weight"):
        open_checkpoint(gpt2_folder)


@pytest.mark.parametrize(
    ("model", "changes", "sentence"),
    [
        ("gpt2", {"model_type": "gptj"}, "Writer reads gpt2 and llama models; this one is gptj."),
        ("gpt2", {"model_type": ["gpt2"]}, "Writer reads gpt2 and llama"),
        ("gpt2", {"model_type": ...}, "this one is of no kind it names"),
        ("gpt2", {"activation_function": "relu"}, "activation function is relu"),
        ("gpt2", {"scale_attn_by_inverse_layer_idx": True}, "scale_attn_by_inverse_layer_idx"),
        ("gpt2", {"scale_attn_weights": False}, "not scaled"),
        ("gpt2", {"add_cross_attention": True}, "add_cross_attention"),
        ("gpt2", {"quantization_config": {"quant_method": "gptq"}}, "quantised in a form of their own"),
        ("gpt2", {"n_layer": "2"}, "n_layer is '2', not a whole number"),
        ("gpt2", {"n_head": 0}, "makes no network"),
        ("gpt2", {"n_head": 5}, "makes no network"),
        ("gpt2", {"n_layer": 10**9}, "makes no network"),
        ("gpt2", {"n_layer": 3}, r"lacks the tensor h\.2\."),
        ("gpt2", {"n_layer": 1}, r"has a tensor 'h\.1\."),
        ("gpt2", {"n_embd": 128}, r"has the shape \(320, 64\), but its configuration needs \(320, 128\)"),
        ("gpt2", {"layer_norm_epsilon": float("nan")}, "not a number"),
        ("gpt2", {"eos_token_id": "end"}, "no token id"),
        ("llama", {"rope_scaling": {"rope_type": "llama3", "factor": 8.0}}, r"positions are scaled \(llama3\)"),
        ("llama", {"rope_scaling": {"type": "linear", "factor": 2.0}}, r"positions are scaled \(linear\)"),
        ("llama", {"rope_scaling": "linear"}, "no object"),
        ("llama", {"attention_bias": True}, "attention_bias"),
        ("llama", {"mlp_bias": True}, "mlp_bias"),
        ("llama", {"hidden_act": "gelu"}, "activation function is gelu"),
        ("llama", {"partial_rotary_factor": 0.5}, "part of each head only"),
        ("llama", {"num_key_value_heads": 3}, "makes no network"),
        ("llama", {"num_key_value_heads": 0}, "makes no network"),
        ("llama", {"rope_theta": 0.0}, "makes no network"),
    ],
)
def test_what_the_graphs_do_not_cover_is_refused(
    model: str, changes: dict[str, Any], sentence: str, edit_json: EditJson, request: pytest.FixtureRequest
) -> None:
    folder: Path = request.getfixturevalue(f"{model}_folder")
    edit_json(folder / "config.json", **changes)
    with pytest.raises(WriterError, match=sentence):
        open_checkpoint(folder)


def test_newer_rotary_settings(llama_folder: Path, edit_json: EditJson) -> None:
    config = llama_folder / "config.json"
    edit_json(config, rope_theta=..., rope_scaling=..., rope_parameters={"rope_type": "default", "rope_theta": 777.0})
    assert open_checkpoint(llama_folder).config.rope_theta == 777.0


def test_a_weight_the_graph_would_leave_out_is_refused(llama_folder: Path) -> None:
    file = llama_folder / "model.safetensors"
    save_file(load_file(file) | {"model.layers.0.self_attn.q_proj.bias": torch.zeros(128)}, file)
    with pytest.raises(WriterError, match=r"q_proj\.bias"):
        open_checkpoint(llama_folder)


def test_whole_numbers_are_no_weights(gpt2_folder: Path) -> None:
    file = gpt2_folder / "model.safetensors"
    tensors = load_file(file)
    tensors["transformer.wte.weight"] = tensors["transformer.wte.weight"].to(torch.int8)
    save_file(tensors, file)
    with pytest.raises(WriterError, match="stored as I8"):
        open_checkpoint(gpt2_folder).tensor("wte.weight")


def test_values_that_are_not_numbers_are_refused(gpt2_folder: Path) -> None:
    file = gpt2_folder / "model.safetensors"
    tensors = load_file(file)
    tensors["transformer.ln_f.bias"][3] = float("nan")
    save_file(tensors, file)
    with pytest.raises(WriterError, match=r"ln_f\.bias holds values that are not numbers"):
        open_checkpoint(gpt2_folder).tensor("ln_f.bias")


def test_pickles_are_never_loaded(tiny_gpt2: GPT2LMHeadModel, gpt2_folder: Path) -> None:
    weights = gpt2_folder / "model.safetensors"
    torch.save(tiny_gpt2.state_dict(), weights)  # a pickle under a safe name
    with pytest.raises(WriterError, match="never loaded"):
        open_checkpoint(gpt2_folder)
    pickle = weights.rename(gpt2_folder / "pytorch_model.bin")
    for path in (gpt2_folder, pickle):
        with pytest.raises(WriterError, match=r"pytorch_model\.bin is a pickle file.*never loaded"):
            open_checkpoint(path)


def test_paths_that_hold_no_model(tmp_path: Path) -> None:
    (tmp_path / "poem.txt").write_text("Tyger Tyger, burning bright")
    for path, sentence in (
        (tmp_path, "holds no model.safetensors"),
        (tmp_path / "nothing", "no file or folder"),
        (tmp_path / "poem.txt", "cannot read poem.txt"),
    ):
        with pytest.raises(WriterError, match=sentence):
            open_checkpoint(path)


@pytest.mark.parametrize("name", ["../model.safetensors", "/etc/passwd", "", "a\0.safetensors", "model.bin", 5])
def test_an_index_may_not_lead_out_of_its_folder(name: object, gpt2_folder: Path) -> None:
    (gpt2_folder / "model.safetensors").unlink()
    index = {"weight_map": {"wte.weight": name}}
    (gpt2_folder / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(WriterError, match="damaged"):
        open_checkpoint(gpt2_folder)


def test_a_tensor_in_two_shards_is_refused(gpt2_folder: Path) -> None:
    (gpt2_folder / "model.safetensors").rename(gpt2_folder / "one.safetensors")
    shutil.copy(gpt2_folder / "one.safetensors", gpt2_folder / "two.safetensors")
    index = {"weight_map": {"wte.weight": "one.safetensors", "wpe.weight": "two.safetensors"}}
    (gpt2_folder / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(WriterError, match="stands twice"):
        open_checkpoint(gpt2_folder)


def test_licence_and_end_tokens_from_the_files_beside(gpt2_folder: Path) -> None:
    (gpt2_folder / "README.md").write_text("---\nlanguage: en\nlicense: mit\n---\n# GPT-2\n")
    (gpt2_folder / "generation_config.json").write_text('{"eos_token_id": [7, 100000]}')
    checkpoint = open_checkpoint(gpt2_folder)
    assert checkpoint.licence == "mit"
    assert checkpoint.config.eos_token_ids == (0, 7)


def write_json(path: Path, values: object) -> None:
    path.write_text(json.dumps(values), encoding="utf-8")


def test_tokenizer_json_as_plain_data(gpt2_folder: Path, tokenizer_json: dict[str, Any]) -> None:
    write_json(gpt2_folder / "tokenizer.json", tokenizer_json)
    as_strings = open_checkpoint(gpt2_folder).tokenizer
    tokenizer_json["model"]["merges"] = [merge.split(" ") for merge in tokenizer_json["model"]["merges"]]
    write_json(gpt2_folder / "tokenizer.json", tokenizer_json)
    spec = open_checkpoint(gpt2_folder).tokenizer
    assert spec is not None
    assert spec == as_strings
    assert spec.pre_tokenizer == "smollm"
    assert spec.special_tokens == ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
    tokenizer = Tokenizer(spec)
    ids = tokenizer.encode("the the 11")
    assert [spec.tokens[i] for i in ids] == ["the", "Ġthe", "Ġ", "1", "1"]
    tokenizer_json["pre_tokenizer"] = {"type": "ByteLevel", "add_prefix_space": False}
    write_json(gpt2_folder / "tokenizer.json", tokenizer_json)
    spec = open_checkpoint(gpt2_folder).tokenizer
    assert spec is not None
    assert [spec.tokens[i] for i in Tokenizer(spec).encode("the 11")] == ["the", "Ġ1", "1"]


def test_vocabulary_and_merges_files(
    gpt2_folder: Path, byte_vocabulary: dict[str, int], byte_merges: list[str]
) -> None:
    write_json(gpt2_folder / "vocab.json", byte_vocabulary)
    (gpt2_folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(byte_merges) + "\n", encoding="utf-8")
    write_json(gpt2_folder / "added_tokens.json", {"<|im_end|>": byte_vocabulary["<|im_end|>"]})
    spec = open_checkpoint(gpt2_folder).tokenizer
    assert spec is not None
    assert spec.pre_tokenizer == "gpt2"
    assert spec.special_tokens == ("<|endoftext|>", "<|im_end|>")


def test_a_larger_tokenizer_than_the_model(gpt2_folder: Path) -> None:
    for name in ("vocab.json", "merges.txt"):
        shutil.copy(resources_dir() / "gpt2-tokenizer" / name, gpt2_folder)
    with pytest.raises(WriterError, match="has 50257 tokens, but the model knows only 320"):
        open_checkpoint(gpt2_folder)


def test_special_tokens_beyond_the_model_are_dropped(gpt2_folder: Path, tokenizer_json: dict[str, Any]) -> None:
    tokenizer_json["added_tokens"].append({"id": 320, "content": "<pad>", "special": True})
    write_json(gpt2_folder / "tokenizer.json", tokenizer_json)
    spec = open_checkpoint(gpt2_folder).tokenizer
    assert spec is not None
    assert len(spec.tokens) == 320
    assert "<pad>" not in spec.special_tokens


@pytest.mark.parametrize(
    ("part", "changes", "sentence"),
    [
        ("model", {"type": "Unigram"}, "tokenizer is Unigram, not byte-level BPE"),
        ("model", {"byte_fallback": True}, "byte_fallback"),
        ("model", {"ignore_merges": True}, "ignore_merges"),
        ("model", {"end_of_word_suffix": "</w>"}, "end_of_word_suffix"),
        ("", {"normalizer": {"type": "NFC"}}, r"changes the text first \(NFC\)"),
        ("", {"pre_tokenizer": {"type": "Split", "pattern": {"Regex": "(a+)+$"}}}, r"does not know \(Split\)"),
        ("", {"pre_tokenizer": None}, "does not know"),
        ("", {"pre_tokenizer": {"type": "Sequence", "pretokenizers": []}}, "does not know"),
        ("", {"pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": True}}, "space before every text"),
        ("", {"pre_tokenizer": {"type": "ByteLevel", "use_regex": False}}, "does not know"),
        (
            "",
            {"pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "Digits"}, {"type": "ByteLevel"}]}},
            "not digit by digit",
        ),
        ("model", {"merges": ["t x"], "vocab": {"t": 0}}, "damaged"),
        ("model", {"vocab": []}, "damaged"),
        ("", {"model": []}, "damaged"),
        ("", {"added_tokens": [7]}, "damaged"),
        ("", {"added_tokens": [{"content": ["x"], "id": 3}]}, "damaged"),
        ("", {"normalizer": [1]}, "damaged"),
        ("", {"pre_tokenizer": {"type": "Sequence", "pretokenizers": 5}}, "damaged"),
    ],
)
def test_other_tokenizers_are_refused(
    part: str, changes: dict[str, Any], sentence: str, gpt2_folder: Path, tokenizer_json: dict[str, Any]
) -> None:
    (tokenizer_json[part] if part else tokenizer_json).update(changes)
    write_json(gpt2_folder / "tokenizer.json", tokenizer_json)
    with pytest.raises(WriterError, match=sentence):
        open_checkpoint(gpt2_folder)


def test_sentencepiece_is_named(llama_folder: Path) -> None:
    (llama_folder / "tokenizer.model").write_bytes(b"\x0a\x0e")
    with pytest.raises(WriterError, match="SentencePiece"):
        open_checkpoint(llama_folder)
