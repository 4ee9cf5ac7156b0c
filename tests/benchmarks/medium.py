"""GPT-2 of medium's exact shape with random weights, in the forms that the engines read.

Speed does not depend on the values.
"""

import hashlib
import shutil
from pathlib import Path

import gguf
import numpy as np
from gguf.quants import quantize

from writer.models.checkpoint import open_checkpoint
from writer.models.graph import write_graph
from writer.models.precision import Precision
from writer.paths import resources_dir

ROOT = Path(__file__).resolve().parents[2]
_GGUF_NAMES = {
    "ln_1": "attn_norm",
    "attn.c_attn": "attn_qkv",
    "attn.c_proj": "attn_output",
    "ln_2": "ffn_norm",
    "mlp.c_fc": "ffn_up",
    "mlp.c_proj": "ffn_down",
}


def hugging_face_folder(folder: Path) -> Path:
    """As transformers saves it, with GPT-2's own vocabulary beside it."""
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    target = folder / "medium"
    if not target.exists():
        torch.manual_seed(0)
        GPT2LMHeadModel(GPT2Config(n_embd=1024, n_layer=24, n_head=16)).save_pretrained(target)
        for name in ("vocab.json", "merges.txt"):
            shutil.copy(resources_dir() / "gpt2-tokenizer" / name, target)
    return target


def build_sources() -> list[Path]:
    """Every file that shapes what a build writes. The Makefile names the same ones."""
    code = [path for folder in ("models", "engine") for path in (ROOT / "writer" / folder).rglob("*.py")]
    texts = [path for folder in ("gate", "calibration") for path in (ROOT / "resources" / folder).glob("*.txt")]
    return sorted([*code, *texts, ROOT / "resources" / "models.toml"])


def built_folder(folder: Path) -> Path:
    """Where in `folder` lies what our own code has built: named after that code, so that no figure is of a graph that
    an older version wrote. Those that older versions left, some gigabytes, are deleted."""
    digest = hashlib.sha256()
    for path in [*build_sources(), Path(__file__)]:
        digest.update(f"{path.name}\0{path.stat().st_size}\0".encode() + path.read_bytes())
    target = folder / f"built-{digest.hexdigest()[:16]}"
    for old in folder.glob("built-*"):
        if old != target:
            shutil.rmtree(old, ignore_errors=True)
    target.mkdir(parents=True, exist_ok=True)
    return target


def own_graph(folder: Path, precision: Precision) -> Path:
    """Built by the product's own code."""
    graph = built_folder(folder) / f"{precision}.onnx"
    if not graph.exists():
        for _ in write_graph(open_checkpoint(hugging_face_folder(folder)), precision, graph):
            pass
    return graph


def gguf_file(folder: Path, quantization: str) -> Path:
    """For llama.cpp; matrices in `quantization` (Q8_0, Q4_0), the rest in F32."""
    target = built_folder(folder) / f"medium-{quantization}.gguf"
    if target.exists():
        return target
    checkpoint = open_checkpoint(hugging_face_folder(folder))
    config, spec = checkpoint.config, checkpoint.tokenizer
    assert spec is not None
    writer = gguf.GGUFWriter(target, "gpt2")
    writer.add_context_length(config.n_ctx)
    writer.add_embedding_length(config.n_embd)
    writer.add_feed_forward_length(config.n_inner)
    writer.add_block_count(config.n_layer)
    writer.add_head_count(config.n_head)
    writer.add_layer_norm_eps(config.norm_eps)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(list(spec.tokens))
    writer.add_token_types([gguf.TokenType.NORMAL] * len(spec.tokens))
    writer.add_token_merges([" ".join(pair) for pair in spec.merges])
    writer.add_bos_token_id(50256)
    writer.add_eos_token_id(50256)
    kind = gguf.GGMLQuantizationType[quantization]

    def add(name: str, values: np.ndarray, *, small: bool = False) -> None:  # type: ignore[type-arg]
        if small or values.ndim == 1:
            writer.add_tensor(name, values.astype(np.float32))
        else:
            writer.add_tensor(name, quantize(np.ascontiguousarray(values), kind), raw_dtype=kind)

    embedding = checkpoint.tensor("wte.weight")
    add("token_embd.weight", embedding)
    add("output.weight", embedding)
    add("position_embd.weight", checkpoint.tensor("wpe.weight"), small=True)
    for part in ("weight", "bias"):
        add(f"output_norm.{part}", checkpoint.tensor(f"ln_f.{part}"))
        for layer in range(config.n_layer):
            for ours, theirs in _GGUF_NAMES.items():
                values = checkpoint.tensor(f"h.{layer}.{ours}.{part}")
                add(f"blk.{layer}.{theirs}.{part}", values.T if values.ndim == 2 else values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return target


def ctranslate2_folder(folder: Path, quantization: str) -> Path:
    """For CTranslate2, by its own converter."""
    import ctranslate2

    target = folder / f"ctranslate2-{quantization}"
    if not target.exists():
        converter = ctranslate2.converters.TransformersConverter(str(hugging_face_folder(folder)))
        converter.convert(str(target), quantization=quantization)
    return target
