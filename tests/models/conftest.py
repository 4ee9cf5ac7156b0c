"""Small random models as other programs write them: Hugging Face folders and GGUF files."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
import torch
from gguf.quants import quantize
from numpy.typing import NDArray
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM, PreTrainedModel

N_VOCAB = 320
N_CTX = 48
END_OF_TEXT = 0

WriteGguf = Callable[..., Path]


@pytest.fixture(scope="session")
def tiny_gpt2() -> GPT2LMHeadModel:
    torch.manual_seed(1)
    config = GPT2Config(
        vocab_size=N_VOCAB, n_positions=N_CTX, n_embd=64, n_layer=2, n_head=4, bos_token_id=0, eos_token_id=END_OF_TEXT
    )
    return _with_all_weights_random(GPT2LMHeadModel(config))


@pytest.fixture(scope="session")
def tiny_llama() -> LlamaForCausalLM:
    """Grouped heads, untied head, a head size that is not width / heads."""
    torch.manual_seed(2)
    config = LlamaConfig(
        vocab_size=N_VOCAB,
        max_position_embeddings=4096,
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=32,
        rope_theta=5000.0,
        rms_norm_eps=1e-5,
        eos_token_id=[2, 5],
        tie_word_embeddings=False,
    )
    return _with_all_weights_random(LlamaForCausalLM(config))


def _with_all_weights_random(model: Any) -> Any:
    """Biases and norms too: fresh ones are all 0 or 1, which would hide a mix-up."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn_like(parameter) * 0.1)
    return model.eval()


@pytest.fixture(scope="session")
def weights_of() -> Callable[[PreTrainedModel], dict[str, NDArray[np.float32]]]:
    """A model's weights by canonical name."""

    def weights(model: PreTrainedModel) -> dict[str, NDArray[np.float32]]:
        state = {name.removeprefix("transformer.").removeprefix("model."): t for name, t in model.state_dict().items()}
        if model.config.tie_word_embeddings:
            del state["lm_head.weight"]
        return {name: tensor.detach().float().numpy() for name, tensor in state.items()}

    return weights


@pytest.fixture(scope="session")
def byte_vocabulary() -> dict[str, int]:
    """`<|endoftext|>`, two more special tokens, the 256 byte characters, and the merges' products."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    characters = [chr(b) for b in printable] + [chr(256 + i) for i in range(256 - len(printable))]
    tokens = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", *characters, "th", "the", "Ġthe", "Ġ1"]
    return {token: i for i, token in enumerate(tokens)}


@pytest.fixture(scope="session")
def byte_merges() -> list[str]:
    return ["t h", "th e", "Ġ the", "Ġ 1"]


@pytest.fixture
def tokenizer_json(byte_vocabulary: dict[str, int], byte_merges: list[str]) -> dict[str, Any]:
    """As SmolLM2's own, but small."""
    special = [token for token in byte_vocabulary if token.startswith("<|")]
    return {
        "version": "1.0",
        "added_tokens": [{"id": byte_vocabulary[t], "content": t, "special": True, "lstrip": False} for t in special],
        "normalizer": None,
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [
                {"type": "Digits", "individual_digits": True},
                {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True},
            ],
        },
        "post_processor": None,
        "model": {"type": "BPE", "byte_fallback": False, "vocab": dict(byte_vocabulary), "merges": list(byte_merges)},
    }


@pytest.fixture(scope="session")
def write_gguf(byte_vocabulary: dict[str, int], byte_merges: list[str]) -> WriteGguf:
    """A function that writes a model as llama.cpp's converter does: gpt2's products transposed, llama's query and
    key rows interleaved, one-dimensional tensors as F32, the others as `stored_as`.

    fields -- metadata to add or to replace; a field set to `...` is left out
    more_tensors -- by their names in the file
    packed -- (form, bytes by row) of tensors that are given as they stand in the file
    """
    tokens = [*byte_vocabulary, *(f"[PAD{i}]" for i in range(len(byte_vocabulary), N_VOCAB))]

    def write(
        path: Path,
        model: PreTrainedModel,
        stored_as: str = "F32",
        pre_tokenizer: str = "smollm",
        fields: dict[str, Any] | None = None,
        more_tensors: dict[str, NDArray[np.float32]] | None = None,
        packed: dict[str, tuple[gguf.GGMLQuantizationType, NDArray[np.uint8]]] | None = None,
    ) -> Path:
        config = model.config
        is_llama = config.model_type == "llama"
        writer = gguf.GGUFWriter(path, config.model_type)
        if is_llama:
            writer.add_context_length(config.max_position_embeddings)
            writer.add_embedding_length(config.hidden_size)
            writer.add_block_count(config.num_hidden_layers)
            writer.add_feed_forward_length(config.intermediate_size)
            writer.add_head_count(config.num_attention_heads)
            writer.add_head_count_kv(config.num_key_value_heads)
            writer.add_key_length(config.head_dim)
            writer.add_layer_norm_rms_eps(config.rms_norm_eps)
            writer.add_rope_freq_base(config.rope_theta)
        else:
            writer.add_context_length(config.n_positions)
            writer.add_embedding_length(config.n_embd)
            writer.add_block_count(config.n_layer)
            writer.add_feed_forward_length(4 * config.n_embd)
            writer.add_head_count(config.n_head)
            writer.add_layer_norm_eps(config.layer_norm_epsilon)
        writer.add_license("apache-2.0")
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre(pre_tokenizer)
        writer.add_token_list(tokens)
        writer.add_token_types([3 if t.startswith("<|") else 5 if t.startswith("[PAD") else 1 for t in tokens])
        writer.add_token_merges(byte_merges)
        writer.add_eos_token_id(2)
        for key, value in (fields or {}).items():
            writer.kv_data[0].pop(key, None)
            if value is ...:
                continue
            add = {str: writer.add_string, int: writer.add_uint32, float: writer.add_float32}[type(value)]
            add(key, value)
        tensors = {name: t.detach().numpy() for name, t in model.state_dict().items()}
        if config.tie_word_embeddings:
            del tensors["lm_head.weight"]
        converted = {_gguf_name(name): _gguf_layout(name, tensor, config) for name, tensor in tensors.items()}
        kind = gguf.GGMLQuantizationType[stored_as]
        for name, tensor in (converted | (more_tensors or {})).items():
            tensor_kind = kind if tensor.ndim > 1 else gguf.GGMLQuantizationType.F32
            if packed and name in packed:
                tensor_kind, data = packed[name]
            else:
                data = quantize(np.ascontiguousarray(tensor), tensor_kind)
            writer.add_tensor(name, data, raw_dtype=tensor_kind)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        return path

    return write


_GGUF_NAMES = {
    "wte": "token_embd",
    "wpe": "position_embd",
    "ln_f": "output_norm",
    "ln_1": "attn_norm",
    "ln_2": "ffn_norm",
    "attn.c_attn": "attn_qkv",
    "attn.c_proj": "attn_output",
    "mlp.c_fc": "ffn_up",
    "mlp.c_proj": "ffn_down",
    "embed_tokens": "token_embd",
    "norm": "output_norm",
    "lm_head": "output",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}


def _gguf_name(name: str) -> str:
    stem, _, part = name.removeprefix("transformer.").removeprefix("model.").rpartition(".")
    first, *rest = stem.split(".")
    if first in ("h", "layers"):
        return f"blk.{rest[0]}.{_GGUF_NAMES['.'.join(rest[1:])]}.{part}"
    return f"{_GGUF_NAMES[stem]}.{part}"


def _gguf_layout(name: str, tensor: NDArray[np.float32], config: Any) -> NDArray[np.float32]:
    if config.model_type == "gpt2":
        return tensor.T if tensor.ndim == 2 and ".c_" in name else tensor
    heads = {"q_proj": config.num_attention_heads, "k_proj": config.num_key_value_heads}
    for product, n_heads in heads.items():
        if name.endswith(f"{product}.weight"):
            rows, columns = tensor.shape
            halves = tensor.reshape(n_heads, 2, rows // n_heads // 2, columns)
            return halves.swapaxes(1, 2).reshape(rows, columns)
    return tensor


@pytest.fixture
def edit_json() -> Callable[..., None]:
    """A function that changes fields of a JSON file; a field set to `...` is taken out."""

    def edit(path: Path, **changes: Any) -> None:
        values = json.loads(path.read_text(encoding="utf-8")) | changes
        path.write_text(json.dumps({k: v for k, v in values.items() if v is not ...}), encoding="utf-8")

    return edit
