"""The first runs of a foreign graph: whether it answers, whether it remembers, how it wants to be fed."""

import json
from pathlib import Path

import numpy as np

from writer.engine.config import ModelConfig
from writer.engine.imported_session import ONE_BY_ONE_KEY, START_TOKENS_KEY, ImportedSession
from writer.engine.session import Logits
from writer.errors import WriterError
from writer.models.imported.graph_file import ForeignGraph, refused
from writer.models.imported.interface import Interface
from writer.models.imported.rewrite import write_graph

_TRIAL_TOKENS = tuple(range(3, 15))  # ids that every vocabulary has
_TRIAL_CTX = 64
# Of the logits' standard deviation. Quantising by the range of all rows makes a row depend on those beside it.
_EXACT, _ROUGH = 0.01, 0.5


def try_out(graph: ForeignGraph, interface: Interface, target: Path, start_ids: list[int], *, is_exact: bool) -> int:
    """Write `target` with all that the engine has to know of it; returns the size of its vocabulary.

    Raises WriterError when the graph does not run, gives no numbers, or answers otherwise when a text is read in parts.
    """
    answers: list[Logits] = []
    for is_one_by_one in (False, True):
        metadata = {START_TOKENS_KEY: json.dumps(start_ids), ONE_BY_ONE_KEY: json.dumps(is_one_by_one)}
        write_graph(graph, target, metadata)
        session = _session(target, interface)
        try:
            if not answers:
                answers.append(session.extend(session.new_cache(), _TRIAL_TOKENS, len(_TRIAL_TOKENS)).copy())
            in_parts = _in_parts(session)
        except Exception as error:  # ONNX Runtime's exceptions share no base class but Exception
            if answers and not is_one_by_one:
                continue
            raise refused("does not run") from error
        whole = answers[0]
        if whole.ndim != 2 or not np.isfinite(whole).all():
            raise WriterError(
                "The model answers with numbers that are no probabilities.",
                "Its file is probably damaged: get it again.",
            )
        limit = (_EXACT if is_exact else _ROUGH) * max(float(whole.std()), 1e-6)
        if in_parts.shape == whole.shape and np.abs(in_parts - whole).max() <= limit:
            return int(whole.shape[1])
    raise refused("forgets what it has read: it answers otherwise when a text is read in parts")


def check_length(session: ImportedSession) -> None:
    """Raises WriterError when the graph cannot read as many tokens as the configuration says."""
    cache = session.blank_cache(session.config.n_ctx - 1)
    try:
        session.decode_step(cache, _TRIAL_TOKENS[0])
    except Exception as error:
        raise WriterError(
            f"The model's graph cannot read the {session.config.n_ctx} tokens that its configuration speaks of.",
            "The files do not belong together: get the model again.",
        ) from error


def _session(target: Path, interface: Interface) -> ImportedSession:
    config = ModelConfig(
        architecture="imported",
        n_vocab=interface.n_vocab or 0,
        n_ctx=_TRIAL_CTX,
        n_embd=0,
        n_layer=interface.n_layer,
        n_head=interface.n_kv_head,
        n_kv_head=interface.n_kv_head,
        head_dim=interface.head_dim,
        n_inner=0,
        norm_eps=0.0,
        eos_token_ids=(),
    )
    return ImportedSession.load(target, config)


def _in_parts(session: ImportedSession) -> Logits:
    """The same tokens read in three parts; logits of every row."""
    cache, rows = session.new_cache(), []
    for begin, end in ((0, 5), (5, 6), (6, len(_TRIAL_TOKENS))):
        part = _TRIAL_TOKENS[begin:end]
        rows.append(session.extend(cache, part, len(part)).copy())
    return np.concatenate(rows)
