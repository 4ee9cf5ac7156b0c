"""Checkpoint -> installed model: graph, quality gate, manifest, all or nothing."""

import errno
import shutil
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

from writer import __version__
from writer.engine.score import perplexity_of, window_logprobs
from writer.engine.session import ModelSession
from writer.engine.tokenizer import Tokenizer, TokenizerSpec
from writer.errors import WriterError
from writer.models.checkpoint import Checkpoint, open_checkpoint
from writer.models.graph import write_graph
from writer.models.precision import Precision
from writer.models.store import (
    FileRecord,
    InstalledModel,
    Manifest,
    ModelStore,
    PrecisionRecord,
    file_record,
    write_manifest,
)

GATE_TOKENS = 3072
GATE_WINDOW_TOKENS = 512
# Above this loss int8 rows do not suit the model's activations, and 8-bit blocks become its default.
ACCEPTED_INT8_LOSS = 0.05


@dataclass(frozen=True)
class BuildProgress:
    """`done` of `total` steps of a stage named in a writer's words."""

    stage: str
    done: int
    total: int


@dataclass(frozen=True)
class BuildFinished:
    model: InstalledModel


BuildEvent = BuildProgress | BuildFinished


@dataclass(frozen=True)
class BuildRequest:
    """The first of `precisions` becomes the default. `gate_text` is prose that `calibration_text` does not contain;
    `tokenizer` serves checkpoints that carry none. With `add`, the precisions already installed under this id stay."""

    source: Path
    model_id: str
    precisions: tuple[Precision, ...]
    gate_text: str
    calibration_text: str = ""
    title: str = ""
    licence: str = ""
    tokenizer: TokenizerSpec | None = None
    disclaimer: str = "any"
    add: bool = False


def build_model(request: BuildRequest, store: ModelStore) -> Iterator[BuildEvent]:
    """Build and install. The last event is BuildFinished. Raises WriterError; closing it leaves nothing behind."""
    checkpoint = open_checkpoint(request.source)
    spec = checkpoint.tokenizer or request.tokenizer
    if spec is None:
        raise WriterError("The model comes without a tokenizer.", "Put its vocab.json and merges.txt beside it.")
    if len(spec.tokens) > checkpoint.config.n_vocab:
        raise WriterError("The model's tokenizer has more tokens than the model.", "The files do not belong together.")
    gate_ids = _gate_tokens(Tokenizer(spec), request.gate_text)
    try:
        with store.staging(request.model_id) as folder:
            _check_space(checkpoint, folder)
            source_files = {path.name: file_record(path) for path in checkpoint.files}
            manifest = yield from _build_into(folder, request, checkpoint, gate_ids, source_files)
            spec.save(folder)
            write_manifest(folder, manifest)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise WriterError("The disk is full, so the model was not built.", "Free some space and try again.") from error
    yield BuildFinished(store.get(request.model_id))


def _build_into(
    folder: Path,
    request: BuildRequest,
    checkpoint: Checkpoint,
    gate_ids: list[int],
    source_files: dict[str, FileRecord],
) -> Generator[BuildEvent, None, Manifest]:
    """Write graphs into `folder` and measure them; returns the manifest."""
    reference = yield from _measured(folder, Precision.FP32, checkpoint, gate_ids, None)
    wanted = list(request.precisions)
    records = {Precision.FP32: reference}
    for precision in wanted:
        if precision is not Precision.FP32:
            records[precision] = yield from _measured(folder, precision, checkpoint, gate_ids, reference)
    default, note = request.precisions[0], ""
    if default is Precision.INT8 and records[default].loss > ACCEPTED_INT8_LOSS:
        default = Precision.INT8_BLOCKS
        wanted.append(default)
        records[default] = yield from _measured(folder, default, checkpoint, gate_ids, reference)
        note = (
            f"In fast 8-bit form this model loses {records[Precision.INT8].loss:.1%} of its quality, "
            f"so it uses 8-bit blocks, which lose {records[default].loss:.1%}."
        )
    if Precision.FP32 not in wanted:
        for name in records.pop(Precision.FP32).files:
            (folder / name).unlink()
    return Manifest(
        id=request.model_id,
        title=request.title or request.model_id,
        config=checkpoint.config,
        source_kind=checkpoint.kind,
        source_files=source_files,
        licence=request.licence or checkpoint.licence,
        default_precision=default,
        precisions={str(precision): record for precision, record in records.items()},
        note=note,
        writer_version=__version__,
        disclaimer=request.disclaimer,
    )


def _measured(
    folder: Path, precision: Precision, checkpoint: Checkpoint, gate_ids: list[int], reference: PrecisionRecord | None
) -> Generator[BuildEvent, None, PrecisionRecord]:
    """Write one graph and take its perplexity; returns its PrecisionRecord."""
    began = time.perf_counter()
    graph = folder / f"{precision}.onnx"
    for done, total in write_graph(checkpoint, precision, graph):
        yield BuildProgress(f"Building the {precision.label} form", done, total)
    build_s = time.perf_counter() - began
    session = ModelSession.load(graph, checkpoint.config)
    windows = []
    window_tokens = min(GATE_WINDOW_TOKENS, checkpoint.config.n_ctx)
    total = len(gate_ids) // window_tokens
    for logprobs in window_logprobs(session, gate_ids, window_tokens):
        windows.append(logprobs)
        yield BuildProgress(f"Measuring the {precision.label} form", len(windows), total)
    perplexity = perplexity_of(windows)
    files = {path.name: file_record(path) for path in (graph, graph.with_name(graph.name + ".data"))}
    fp32 = reference.perplexity if reference else perplexity
    return PrecisionRecord(files, perplexity, fp32, total * window_tokens, round(build_s, 2))


def _gate_tokens(tokenizer: Tokenizer, text: str) -> list[int]:
    token_ids = tokenizer.encode(text)[:GATE_TOKENS]
    if len(token_ids) < GATE_TOKENS:
        raise ValueError(f"the gate's text gives {len(token_ids)} tokens, not {GATE_TOKENS}")
    return token_ids


def _check_space(checkpoint: Checkpoint, folder: Path) -> None:
    """The fp32 graph and a quantised one stand side by side while they are compared."""
    config = checkpoint.config
    n_weights = config.n_layer * 12 * config.n_embd**2 + 2 * config.n_vocab * config.n_embd
    needed = int(n_weights * 4 * 1.3)
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise WriterError(
            f"Building needs {needed / 1e9:.1f} GB of free disk space, and {free / 1e9:.1f} GB are left.",
            "Free some space and try again.",
        )
