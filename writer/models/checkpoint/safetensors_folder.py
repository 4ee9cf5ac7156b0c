"""A Hugging Face folder: config.json, tokenizer files, model.safetensors in one file or in shards."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open

from writer.engine.config import ModelConfig
from writer.engine.tokenizer import TokenizerSpec
from writer.errors import WriterError
from writer.models.checkpoint.checkpoint import LLAMA_MAX_CTX, Checkpoint, StoredTensor, Weights, unsupported

_PREFIXES = ("transformer.", "model.")
_DTYPES = ("F32", "F16", "BF16")
_GPT2_SWITCHES = ("scale_attn_by_inverse_layer_idx", "reorder_and_upcast_attn", "add_cross_attention")


def open_folder(folder: Path) -> Checkpoint:
    """Raises WriterError when something is missing, damaged or of a kind Writer cannot run."""
    values = _read_json(folder / "config.json")
    files = _weight_files(folder)
    tensors: dict[str, StoredTensor] = {}
    for file in files:
        tensors |= _tensors_of(file)
    config = model_config(values, has_head="lm_head.weight" in tensors)
    return Checkpoint(config, _tokenizer(folder, config), tensors, tuple(files), "safetensors", _licence(folder))


def model_config(values: dict[str, Any], *, has_head: bool) -> ModelConfig:
    """From config.json. Raises WriterError for what the graphs do not cover."""
    architecture = values.get("model_type")
    try:
        if architecture == "gpt2":
            return _gpt2_config(values, has_head)
        if architecture == "llama":
            return _llama_config(values, has_head)
    except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        raise WriterError("The model's config.json is incomplete or damaged.", "Get the model again.") from error
    raise unsupported(f"it is of the kind {architecture!r}")


def _gpt2_config(values: dict[str, Any], has_head: bool) -> ModelConfig:
    if values.get("activation_function", "gelu_new") not in ("gelu_new", "gelu_pytorch_tanh"):
        raise unsupported(f"its activation function is {values['activation_function']!r}")
    for switch in _GPT2_SWITCHES:
        if values.get(switch):
            raise unsupported(f"it uses {switch}")
    if values.get("scale_attn_weights", True) is not True:
        raise unsupported("its attention is not scaled")
    embd, head = int(values["n_embd"]), int(values["n_head"])
    return ModelConfig(
        architecture="gpt2",
        n_vocab=int(values["vocab_size"]),
        n_ctx=int(values.get("n_positions") or values["n_ctx"]),
        n_embd=embd,
        n_layer=int(values["n_layer"]),
        n_head=head,
        n_kv_head=head,
        head_dim=embd // head,
        n_inner=int(values.get("n_inner") or 4 * embd),
        norm_eps=float(values.get("layer_norm_epsilon", 1e-5)),
        eos_token_ids=_token_ids(values.get("eos_token_id", 50256)),
        tied_head=_tied(values, has_head),
    )


def _llama_config(values: dict[str, Any], has_head: bool) -> ModelConfig:
    rope = values.get("rope_parameters") or {}
    scaling = values.get("rope_scaling") or {}
    kind = scaling.get("rope_type", scaling.get("type", rope.get("rope_type", "default")))
    if kind != "default":
        raise unsupported(f"its rotary positions are scaled ({kind})")
    if values.get("attention_bias") or values.get("mlp_bias"):
        raise unsupported("its products have biases")
    if values.get("hidden_act", "silu") != "silu":
        raise unsupported(f"its activation function is {values['hidden_act']!r}")
    embd, head = int(values["hidden_size"]), int(values["num_attention_heads"])
    return ModelConfig(
        architecture="llama",
        n_vocab=int(values["vocab_size"]),
        n_ctx=min(int(values["max_position_embeddings"]), LLAMA_MAX_CTX),
        n_embd=embd,
        n_layer=int(values["num_hidden_layers"]),
        n_head=head,
        n_kv_head=int(values.get("num_key_value_heads") or head),
        head_dim=int(values.get("head_dim") or embd // head),
        n_inner=int(values["intermediate_size"]),
        norm_eps=float(values["rms_norm_eps"]),
        eos_token_ids=_token_ids(values.get("eos_token_id")),
        tied_head=_tied(values, has_head),
        rope_theta=float(values.get("rope_theta") or rope.get("rope_theta") or 10000.0),
    )


def _tied(values: dict[str, Any], has_head: bool) -> bool:
    default = values.get("model_type") == "gpt2"
    return bool(values.get("tie_word_embeddings", default)) or not has_head


def _token_ids(value: object) -> tuple[int, ...]:
    if value is None:
        return ()
    return tuple(int(i) for i in value) if isinstance(value, list) else (int(str(value)),)


def _weight_files(folder: Path) -> list[Path]:
    index = folder / "model.safetensors.index.json"
    if (folder / "model.safetensors").is_file():
        return [folder / "model.safetensors"]
    if index.is_file():
        names = _read_json(index).get("weight_map")
        if not isinstance(names, dict) or not names:
            raise WriterError(f"{index.name} is damaged.", "Get the model again.")
        shards = sorted({str(name) for name in names.values()})
        for name in shards:
            if Path(name).name != name or not (folder / name).is_file():
                raise WriterError(f"The model's part {name} is missing.", "Get the model again.")
        return [folder / name for name in shards]
    if any(folder.glob("*.bin")) or any(folder.glob("*.pt")):
        raise WriterError(
            f"{folder.name} holds its weights as pickle files only, which can run any program when they are opened.",
            "Use the model's safetensors version.",
        )
    raise WriterError(f"{folder} holds no model.safetensors.", "Give the folder that holds the model's files.")


def _tensors_of(file: Path) -> dict[str, StoredTensor]:
    found: dict[str, StoredTensor] = {}
    try:
        with safe_open(file, framework="numpy") as opened:
            for name in opened.keys():  # noqa: SIM118 -- safe_open is no mapping
                short = name
                for prefix in _PREFIXES:
                    short = short.removeprefix(prefix)
                part = opened.get_slice(name)
                if part.get_dtype() in _DTYPES:  # attention masks kept as bytes are no weights
                    found[short] = StoredTensor(tuple(part.get_shape()), _reader(file, name, part.get_dtype()))
    except (SafetensorError, OSError, ValueError) as error:
        raise WriterError(f"{file.name} is damaged or cut short.", "Get the model again.") from error
    return found


def _reader(file: Path, name: str, dtype: str) -> Any:
    def read() -> Weights:
        try:
            if dtype == "BF16":
                return _read_bfloat16(file, name)
            with safe_open(file, framework="numpy") as opened:
                return np.asarray(opened.get_tensor(name), np.float32)
        except (SafetensorError, OSError, ValueError, KeyError) as error:
            raise WriterError(f"{file.name} is damaged or cut short.", "Get the model again.") from error

    return read


def _read_bfloat16(file: Path, name: str) -> Weights:
    """numpy has no bfloat16: its bytes are the upper half of a float32."""
    with file.open("rb") as stream:
        header_bytes = int.from_bytes(stream.read(8), "little")
        entry = json.loads(stream.read(header_bytes))[name]
        begin, end = entry["data_offsets"]
        stream.seek(8 + header_bytes + begin)
        halves = np.frombuffer(stream.read(end - begin), "<u2")
    return (halves.astype(np.uint32) << 16).view(np.float32).reshape(entry["shape"])


def _tokenizer(folder: Path, config: ModelConfig) -> TokenizerSpec | None:
    if (folder / "tokenizer.json").is_file():
        return _tokenizer_from_json(_read_json(folder / "tokenizer.json"))
    vocabulary, merges = folder / "vocab.json", folder / "merges.txt"
    if vocabulary.is_file() and merges.is_file():
        return TokenizerSpec.from_gpt2_files(vocabulary, merges)
    if (folder / "tokenizer.model").is_file():
        raise unsupported("its tokenizer is SentencePiece")
    return None


def _tokenizer_from_json(values: dict[str, Any]) -> TokenizerSpec:
    """Vocabulary and merges out of tokenizer.json, read as plain data."""
    try:
        model, splitter = values["model"], values["pre_tokenizer"] or {}
        parts = splitter.get("pretokenizers", [splitter])
        kinds = [part.get("type") for part in parts]
        digits = any(part.get("type") == "Digits" and part.get("individual_digits") for part in parts)
        if model.get("type", "BPE") != "BPE" or kinds not in (["ByteLevel"], ["Digits", "ByteLevel"]):
            raise unsupported(f"its tokenizer is not byte-level BPE but {model.get('type')} split by {kinds}")
        if any(part.get("add_prefix_space") for part in parts):
            raise unsupported("its tokenizer puts a space before every text")
        added = {token["content"]: token["id"] for token in values.get("added_tokens", [])}
        special = [token["content"] for token in values.get("added_tokens", []) if token.get("special")]
        return TokenizerSpec.from_vocabulary(
            {**model["vocab"], **added}, model["merges"], "smollm" if digits else "gpt2", special
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise WriterError("The model's tokenizer.json is damaged.", "Get the model again.") from error


def _licence(folder: Path) -> str:
    """The licence named at the head of the model card, if there is one."""
    try:
        head = (folder / "README.md").read_text(encoding="utf-8", errors="replace")[:4000]
    except OSError:
        return ""
    lines = [line.partition(":")[2].strip() for line in head.splitlines() if line.startswith("license:")]
    return lines[0] if lines else ""


def _read_json(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise WriterError(f"{path.name} is missing from {path.parent}.", "Give the folder that holds it.") from None
    except (OSError, ValueError) as error:
        raise WriterError(f"{path.name} is damaged.", "Get the model again.") from error
    if not isinstance(values, dict):
        raise WriterError(f"{path.name} is damaged.", "Get the model again.")
    return values
