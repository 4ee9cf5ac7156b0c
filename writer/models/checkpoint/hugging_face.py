"""A Hugging Face folder: config.json, tokenizer files, model.safetensors in one file or in shards."""

from pathlib import Path
from typing import Any

from writer.engine.config import ModelConfig
from writer.engine.untrusted_file import is_plain_name, open_regular
from writer.errors import WriterError
from writer.models.checkpoint.checkpoint import (
    LLAMA_MAX_CTX,
    MAX_TENSORS,
    Checkpoint,
    StoredTensor,
    damaged,
    unsupported,
    unsupported_architecture,
)
from writer.models.checkpoint.fields import Fields, read_json
from writer.models.checkpoint.foreign_files import pickle_refused
from writer.models.checkpoint.hugging_face_tokenizer import read_tokenizer
from writer.models.checkpoint.safetensors_file import open_safetensors

_PREFIXES = {"gpt2": "transformer.", "llama": "model."}
_GELU_TANH = ("gelu_new", "gelu_pytorch_tanh")  # two names of one formula
_INDEX = "model.safetensors.index.json"
_MAX_INDEX_BYTES = 2**23  # a line for each tensor
# What is read besides the weights, for the record.
_DESCRIPTIONS = (
    "config.json",
    "generation_config.json",
    _INDEX,
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.json",
    "merges.txt",
)


def open_folder(folder: Path) -> Checkpoint:
    """Raises WriterError when something is missing, damaged or of a kind Writer cannot run."""
    files = _weight_files(folder)
    config = read_config(folder)
    tensors: dict[str, StoredTensor] = {}
    for file in files:
        for name, tensor in open_safetensors(file).items():
            short = name.removeprefix(_PREFIXES[config.architecture])
            if short in tensors:
                raise damaged(file.name, f"the tensor {short} stands twice")
            tensors[short] = tensor
        if len(tensors) > MAX_TENSORS:
            raise damaged(file.name, "more tensors than any model has")
    described = (folder / name for name in _DESCRIPTIONS)
    files += [path for path in described if path.is_file()]
    return Checkpoint(config, read_tokenizer(folder), tensors, tuple(files), "safetensors", licence_of(folder))


def read_config(folder: Path) -> ModelConfig:
    """From config.json and generation_config.json. Raises WriterError for what the graphs do not cover."""
    fields = Fields(read_json(folder / "config.json"), "config.json")
    architecture = fields.get("model_type", "of no kind it names")
    if not isinstance(architecture, str) or architecture not in _PREFIXES:
        raise unsupported_architecture(architecture)
    if fields.get("quantization_config"):
        raise unsupported("its weights are quantised in a form of their own")
    ends = end_token_ids(folder, fields, 50256 if architecture == "gpt2" else None)
    return _gpt2_config(fields, ends) if architecture == "gpt2" else _llama_config(fields, ends)


def _gpt2_config(fields: Fields, ends: tuple[int, ...]) -> ModelConfig:
    activation = fields.get("activation_function", "gelu_new")
    if activation not in _GELU_TANH:
        raise unsupported(f"its activation function is {activation}, not gelu_new")
    for switch in ("scale_attn_by_inverse_layer_idx", "add_cross_attention"):
        if fields.get(switch):
            raise unsupported(f"it uses {switch}")
    if fields.get("scale_attn_weights", True) is not True:
        raise unsupported("its attention is not scaled")
    embd, head = fields.whole("n_embd"), fields.whole("n_head")
    n_ctx = fields.whole("n_positions", fields.get("n_ctx"))
    return ModelConfig(
        architecture="gpt2",
        n_vocab=fields.whole("vocab_size"),
        n_ctx=n_ctx,
        n_embd=embd,
        n_layer=fields.whole("n_layer"),
        n_head=head,
        n_kv_head=head,
        head_dim=embd // max(head, 1),
        n_inner=fields.whole("n_inner", 4 * embd),
        norm_eps=fields.real("layer_norm_epsilon", 1e-5),
        eos_token_ids=ends,
        tied_head=bool(fields.get("tie_word_embeddings", True)),
    )


def _llama_config(fields: Fields, ends: tuple[int, ...]) -> ModelConfig:
    rope = Fields(_rope(fields), "config.json")
    scaling = rope.get("rope_type", rope.get("type", "default"))
    if scaling != "default":
        raise unsupported(f"its rotary positions are scaled ({scaling})")
    for switch in ("attention_bias", "mlp_bias", "rope_interleaved"):
        if fields.get(switch):
            raise unsupported(f"it uses {switch}")
    if fields.real("partial_rotary_factor", rope.get("partial_rotary_factor", 1.0)) != 1.0:
        raise unsupported("its rotary positions cover a part of each head only")
    activation = fields.get("hidden_act", "silu")
    if activation != "silu":
        raise unsupported(f"its activation function is {activation}, not silu")
    embd, head = fields.whole("hidden_size"), fields.whole("num_attention_heads")
    return ModelConfig(
        architecture="llama",
        n_vocab=fields.whole("vocab_size"),
        n_ctx=min(fields.whole("max_position_embeddings", LLAMA_MAX_CTX), LLAMA_MAX_CTX),
        n_embd=embd,
        n_layer=fields.whole("num_hidden_layers"),
        n_head=head,
        n_kv_head=fields.whole("num_key_value_heads", head),
        head_dim=fields.whole("head_dim", embd // max(head, 1)),
        n_inner=fields.whole("intermediate_size"),
        norm_eps=fields.real("rms_norm_eps", 1e-6),
        eos_token_ids=ends,
        tied_head=bool(fields.get("tie_word_embeddings", False)),
        rope_theta=fields.real("rope_theta", rope.get("rope_theta", 10000.0)),
    )


def _rope(fields: Fields) -> dict[str, Any]:
    """Rotary settings: `rope_parameters` in newer folders, `rope_scaling` in older ones."""
    rope = fields.get("rope_parameters", fields.get("rope_scaling", {}))
    if not isinstance(rope, dict):
        raise damaged("config.json", "the rotary settings are no object")
    return rope


def end_token_ids(folder: Path, fields: Fields, default: int | None = None) -> tuple[int, ...]:
    """What ends a text, by config.json (`fields`) and by generation_config.json beside it."""
    ends = _token_ids(fields.get("eos_token_id", default))
    generation = folder / "generation_config.json"
    if generation.is_file():
        ends += _token_ids(read_json(generation).get("eos_token_id"))
    return ends


def _token_ids(value: object) -> tuple[int, ...]:
    """One id, a list of them, or nothing."""
    ids = value if isinstance(value, list) else [] if value is None else [value]
    if any(type(i) is not int for i in ids):
        raise damaged("config.json", "eos_token_id is no token id")
    return tuple(ids)


def _weight_files(folder: Path) -> list[Path]:
    whole, index = folder / "model.safetensors", folder / _INDEX
    if whole.is_file():
        return [whole]
    if index.is_file():
        names = read_json(index, _MAX_INDEX_BYTES).get("weight_map")
        if not isinstance(names, dict) or not names or not all(isinstance(name, str) for name in names.values()):
            raise damaged(index.name)
        shards = sorted(set(names.values()))
        for name in shards:
            if not (is_plain_name(name) and name.endswith(".safetensors")):
                raise damaged(index.name, f"{name!r:.80} is no name of a part")
            if not (folder / name).is_file():
                raise WriterError(f"The model's part {name} is missing.", "Get the model again.")
        return [folder / name for name in shards]
    for pattern in ("*.bin", "*.pt", "*.pth", "*.ckpt"):
        for file in sorted(folder.glob(pattern)):
            raise pickle_refused(file.name)
    raise WriterError(f"{folder} holds no model.safetensors.", "Give the folder that holds the model's files.")


def licence_of(folder: Path) -> str:
    """The licence named at the head of the model card, if there is one."""
    try:
        with open_regular(folder / "README.md") as stream:
            head = stream.read(4000).decode("utf-8", "replace")
    except (OSError, WriterError):
        return ""
    lines = [line.partition(":")[2].strip(" '\"") for line in head.splitlines() if line.startswith("license:")]
    return lines[0] if lines else ""
