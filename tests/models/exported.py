"""Small random models of families that Writer has no graph for, their tokenizers, and their graphs as optimum writes
them, now and some years ago."""

import json
import os
import warnings
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import onnx
from onnx import helper, numpy_helper
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from writer.models.export import export_onnx
from writer.paths import resources_dir

GATE_TEXT = (resources_dir() / "gate" / "alice.txt").read_text(encoding="utf-8")[:24_000]
N_VOCAB = 400
N_CTX = 128
PROMPT = "Alice was beginning to get very tired of sitting by her sister on the bank,"

_SPLIT = r"""(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+"""


def make_model(family: str) -> Any:
    """A random model whose greedy text keeps changing."""
    import torch
    import transformers as hf

    torch.manual_seed(7)
    sizes = {"vocab_size": N_VOCAB, "hidden_size": 32, "bos_token_id": 2, "eos_token_id": 2, "pad_token_id": 1}
    common = sizes | {"num_hidden_layers": 2, "num_attention_heads": 4, "max_position_embeddings": N_CTX}
    random = {"initializer_range": 0.4}
    config: Any
    if family == "opt":
        config = hf.OPTConfig(**common, ffn_dim=64, word_embed_proj_dim=32, init_std=0.4)
    elif family == "gpt_neox":
        config = hf.GPTNeoXConfig(**common, **random, intermediate_size=64)
    elif family == "bloom":
        config = hf.BloomConfig(**sizes, **random, n_layer=2, n_head=4, seq_length=N_CTX)
    else:
        config = hf.Qwen2Config(**common, **random, intermediate_size=64, num_key_value_heads=2)
    return hf.AutoModelForCausalLM.from_config(config).eval()


def make_tokenizer(family: str) -> Tokenizer:
    """As the family's own, but small: OPT begins every text with a token, Bloom and Qwen2 split by their own rules."""
    trainer = {"vocab_size": N_VOCAB, "show_progress": False, "special_tokens": ["<unk>", "<pad>", "</s>"]}
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    if family == "sentencepiece":
        tokenizer = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>"))
        tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
        steps = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
        tokenizer.decoder = decoders.Sequence(steps)
        trainer["special_tokens"] += [f"<0x{byte:02X}>" for byte in range(256)]
        alphabet = []
        # Without a pre-tokenizer whole paragraphs would become words to train on.
        lines = [word for line in GATE_TEXT.splitlines() for word in line.split()]
    else:
        tokenizer = Tokenizer(models.BPE())
        plain = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=family in ("opt", "gpt_neox"))
        splitting = [pre_tokenizers.Split(Regex(_SPLIT), "isolated"), plain]
        tokenizer.pre_tokenizer = plain if family in ("opt", "gpt_neox") else pre_tokenizers.Sequence(splitting)
        if family == "qwen2":
            tokenizer.normalizer = normalizers.NFC()
        tokenizer.decoder = decoders.ByteLevel()
        lines = [GATE_TEXT]
    tokenizer.train_from_iterator(lines, trainers.BpeTrainer(**trainer, initial_alphabet=alphabet))
    if family in ("opt", "sentencepiece"):
        tokenizer.post_processor = processors.TemplateProcessing(single="</s> $A", special_tokens=[("</s>", 2)])
    if family == "sentencepiece":  # the bytes are ordinary tokens, which only the trainer takes for special ones
        values = json.loads(tokenizer.to_str())
        values["added_tokens"] = [token for token in values["added_tokens"] if token["id"] < 3]
        tokenizer = Tokenizer.from_str(json.dumps(values))
    return tokenizer


def save_checkpoint(family: str, folder: Path, tokenizer: Tokenizer | None = None) -> Any:
    """Write the model as its makers would; returns (model, tokenizer) of transformers."""
    from transformers import PreTrainedTokenizerFast

    model = make_model(family)
    model.save_pretrained(folder)
    tokenizer = tokenizer or make_tokenizer(family)
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="</s>", clean_up_tokenization_spaces=False)
    fast.save_pretrained(folder)
    return model, fast


def export(source: Path, target: Path) -> Path:
    """The graph as this optimum exports it, here and now; returns its folder."""
    with warnings.catch_warnings(), mock.patch.dict(os.environ):  # the exporter's process is its own otherwise
        warnings.simplefilter("ignore")
        for _ in export_onnx(source, target):
            pass
    return target


def merge(graph: Path, target: Path, *, one_by_one: bool = False) -> Path:
    """The graph as optimum's merged decoders were: an If between a network without a past and one with a past.

    one_by_one -- the latter takes single tokens only, as those of the first years did"""
    with_past, without = onnx.load(graph), onnx.load(graph)
    pasts = [value for value in with_past.graph.input if value.name.startswith("past_key_values")]
    for value in pasts:
        shape = [dim.dim_value for dim in value.type.tensor_type.shape.dim]
        empty = numpy_helper.from_array(np.zeros((1, shape[1], 0, shape[3]), np.float32), value.name)
        without.graph.initializer.append(empty)
    for prefix, model in (("a.", with_past), ("b.", without)):
        _rename(model.graph, prefix, {value.name for value in with_past.graph.input} - {p.name for p in pasts})
    if one_by_one:
        for node in with_past.graph.node:
            node.input[:] = ["single_id" if name == "input_ids" else name for name in node.input]
        shape = numpy_helper.from_array(np.array([1, 1], np.int64), "single_shape")
        with_past.graph.initializer.append(shape)
        with_past.graph.node.insert(0, helper.make_node("Reshape", ["input_ids", "single_shape"], ["single_id"]))
    feeding = [helper.make_node("Identity", [p.name], [f"a.{p.name}"]) for p in pasts]
    branches = [
        helper.make_graph([*feeding, *with_past.graph.node], "with_past", [], with_past.graph.output),
        helper.make_graph(list(without.graph.node), "no_past", [], without.graph.output),
    ]
    for branch, model in zip(branches, (with_past, without), strict=True):
        branch.initializer.extend(model.graph.initializer)
    original = onnx.load(graph)
    names = [value.name for value in original.graph.output]
    choice = helper.make_node("If", ["use_cache_branch"], names, then_branch=branches[0], else_branch=branches[1])
    switch = helper.make_tensor_value_info("use_cache_branch", onnx.TensorProto.BOOL, [1])
    merged = helper.make_graph([choice], "merged", [*original.graph.input, switch], list(original.graph.output))
    onnx.save(helper.make_model(merged, opset_imports=original.opset_import, ir_version=9), target)
    return target


def _rename(graph: onnx.GraphProto, prefix: str, kept: set[str]) -> None:
    """Give every value of a graph a name of its own, so that two of them fit into one."""

    def new(name: str) -> str:
        return name if name in kept or not name else prefix + name

    for node in graph.node:
        node.name = prefix + node.name
        node.input[:] = map(new, node.input)
        node.output[:] = map(new, node.output)
        for attribute in node.attribute:
            if attribute.HasField("g"):
                _rename(attribute.g, prefix, kept)
    for value in (*graph.initializer, *graph.output):
        value.name = new(value.name)
    del graph.value_info[:]
