"""Checkpoint -> installed model: graph, quality gate, manifest, all or nothing."""

import time
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from writer import __version__
from writer.engine.devices import runtime
from writer.engine.session import ModelSession
from writer.engine.tokenizer import TOKENIZER_NAME, Tokenizer, TokenizerSpec
from writer.errors import WriterError
from writer.models import gate
from writer.models.calibration import CalibrationWindows, calibration_windows
from writer.models.checkpoint import Checkpoint, open_checkpoint
from writer.models.disk import require_free, storing
from writer.models.loaded import load_on_cpu
from writer.models.lock import WAITING
from writer.models.manifest import FileRecord, hash_file
from writer.models.precision import Precision
from writer.models.progress import Step
from writer.models.store import (
    InstalledModel,
    Manifest,
    ModelStore,
    PrecisionRecord,
    file_record,
    write_manifest,
)

_DISK_SPARE = 1.1  # file systems, and the room a running program wants


@dataclass(frozen=True)
class BuildProgress:
    """`done` of `total` steps of a stage named in a writer's words."""

    stage: str
    done: int
    total: int

    @property
    def step(self) -> Step:
        return Step(self.stage, self.done, self.total)


@dataclass(frozen=True)
class BuildFinished:
    model: InstalledModel


BuildEvent = BuildProgress | BuildFinished


@dataclass(frozen=True)
class BuildRequest:
    """What to build from what.

    precisions -- the first becomes the default
    gate_text -- prose to measure with
    calibration_text -- other prose, to fit the weights to; "" rounds them as they are
    tokenizer -- a folder with GPT-2's vocab.json and merges.txt, for checkpoints that carry none
    origin -- where the source came from, for the manifest; "" for its path
    add -- keep the precisions that are installed under this id, and their default; they must come from the same files
    """

    source: Path
    model_id: str
    precisions: tuple[Precision, ...]
    gate_text: str
    calibration_text: str = ""
    title: str = ""
    licence: str = ""
    tokenizer: Path | None = None
    disclaimer: str = "any"
    origin: str = ""
    add: bool = False


def build_model(request: BuildRequest, store: ModelStore) -> Iterator[BuildEvent]:
    """Build and install. The last event is BuildFinished. Raises WriterError; closing it leaves nothing behind.

    Waits while another Writer changes the model of this id."""
    lock = store.lock(request.model_id)
    for _ in lock.waiting():
        yield BuildProgress(WAITING, 0, 1)
    with lock:
        yield from _build(request, store.holding(request.model_id))


def _build(request: BuildRequest, store: ModelStore) -> Iterator[BuildEvent]:
    checkpoint = open_checkpoint(request.source)
    texts = _read_texts(request, checkpoint)
    before = store.get(request.model_id).manifest if request.add else None
    keep = [name for record in before.precisions.values() for name in record.files] if before else []
    with storing(store.models_dir, "built"), store.staging(request.model_id, keep) as folder:
        _check_space(checkpoint, request.precisions, folder)
        source_files = yield from file_records(checkpoint.files)
        if before and before.source_files != source_files:
            raise WriterError(
                f"{request.model_id} was built from other files.", f"writer models remove {request.model_id} first."
            )
        shared = file_record(_tokenizer(request, checkpoint).save(folder))
        checkpoint.tokenizer = None  # a great vocabulary, and memory is short below
        manifest = yield from _build_into(folder, request, checkpoint, texts, before)
        write_manifest(folder, replace(manifest, source_files=source_files, shared_files={TOKENIZER_NAME: shared}))
    yield BuildFinished(store.get(request.model_id))


def _tokenizer(request: BuildRequest, checkpoint: Checkpoint) -> TokenizerSpec:
    """Raises WriterError when there is none that fits."""
    spec = checkpoint.tokenizer
    if spec is None and request.tokenizer is not None:
        spec = TokenizerSpec.from_gpt2_files(request.tokenizer / "vocab.json", request.tokenizer / "merges.txt")
    if spec is None:
        raise WriterError("The model comes without a tokenizer.", "Put its vocab.json and merges.txt beside it.")
    if len(spec.tokens) > checkpoint.config.n_vocab:
        raise WriterError("The model's tokenizer has more tokens than the model.", "The files do not belong together.")
    return spec


@dataclass(frozen=True)
class _Texts:
    """In tokens: what forms are measured with, half precision apart, and what they are fitted to."""

    windows: gate.Windows
    half_windows: gate.Windows
    calibration: CalibrationWindows | None


def _read_texts(request: BuildRequest, checkpoint: Checkpoint) -> _Texts:
    tokenizer, n_ctx = Tokenizer(_tokenizer(request, checkpoint)), checkpoint.config.n_ctx
    return _Texts(
        gate.gate_windows(tokenizer, request.gate_text, n_ctx),
        gate.gate_windows(tokenizer, request.gate_text, n_ctx, gate.HALF_WINDOW_TOKENS),
        calibration_windows(tokenizer, request.calibration_text, n_ctx),
    )


def _build_into(
    folder: Path, request: BuildRequest, checkpoint: Checkpoint, texts: _Texts, before: Manifest | None
) -> Generator[BuildEvent, None, Manifest]:
    """Write graphs into `folder` and measure them; returns the manifest, its source files left out."""
    records = dict(before.precisions) if before else {}
    fp32: dict[bool, float] = {}  # perplexities in full precision, by whether they are for half precision
    for name, record in records.items():
        if name != Precision.FP16 and record.n_gate_tokens == texts.windows.size:
            fp32[False] = record.perplexity_fp32

    def measured(precision: Precision) -> Generator[BuildEvent, None, PrecisionRecord]:
        is_half = precision is Precision.FP16
        windows = texts.half_windows if is_half else texts.windows
        if is_half not in fp32:
            reference = gate.reference_perplexity(checkpoint, windows)
            fp32[is_half] = yield from _stage("Measuring full precision", reference)
        return (yield from _measured(folder, precision, checkpoint, texts.calibration, windows, fp32[is_half]))

    for precision in request.precisions:
        records[precision] = yield from measured(precision)
    default, note = (before.default_precision, before.note) if before else (request.precisions[0], "")
    if default is Precision.INT8 and records[default].loss > gate.ACCEPTED_INT8_LOSS:
        default = Precision.INT8_BLOCKS
        if default not in records:
            records[default] = yield from measured(default)
        note = (
            f"In fast 8-bit form this model loses {records[Precision.INT8].loss:.1%} of its quality, "
            f"so it uses 8-bit blocks, which lose {records[default].loss:.1%}."
        )
    return Manifest(
        id=request.model_id,
        title=request.title or request.model_id,
        config=checkpoint.config,
        source=request.origin or str(request.source),
        source_kind=checkpoint.kind,
        source_files={},
        licence=request.licence or checkpoint.licence,
        default_precision=default,
        precisions={str(precision): record for precision, record in records.items()},
        note=note,
        writer_version=__version__,
        parameters=checkpoint.n_parameters,
        disclaimer=request.disclaimer,
    )


def _measured(
    folder: Path,
    precision: Precision,
    checkpoint: Checkpoint,
    calibration: CalibrationWindows | None,
    windows: gate.Windows,
    fp32: float,
) -> Generator[BuildEvent, None, PrecisionRecord]:
    """Write one graph and measure it; `fp32` is the perplexity in full precision."""
    from writer.models.graph import write_graph  # a large library, of no use to those that wait for a build

    began = time.perf_counter()
    graph = folder / f"{precision}.onnx"
    files = (graph, graph.with_name(graph.name + ".data"))
    for path in files:  # a kept file is another model's too: it is replaced, not written to
        path.unlink(missing_ok=True)
    for done, total in write_graph(checkpoint, precision, graph, calibration):
        yield BuildProgress(f"Building the {precision.label} form", done, total)
    build_s = time.perf_counter() - began
    stage = f"Measuring the {precision.label} form"
    load = partial(load_on_cpu, graph, checkpoint.config, precision)
    return (yield from measure(stage, files, load, windows, build_s, fp32))


def measure(
    stage: str,
    files: tuple[Path, ...],
    load: Callable[[], ModelSession],
    windows: gate.Windows,
    build_s: float,
    perplexity_fp32: float | None,
) -> Generator[BuildProgress, None, PrecisionRecord]:
    """What a graph costs and gives on this machine; `perplexity_fp32` None compares it with itself."""
    runtime()  # what ONNX Runtime takes itself is not the model's
    gate.give_back_memory()
    resident = gate.resident_bytes()
    with gate.large_blocks_apart():
        session = load()
    perplexity = yield from _stage(stage, gate.graph_perplexity(session, windows))
    return PrecisionRecord(
        files=(yield from file_records(files)),
        perplexity=perplexity,
        perplexity_fp32=perplexity if perplexity_fp32 is None else perplexity_fp32,
        n_gate_tokens=windows.size,
        build_s=round(build_s, 2),
        memory_bytes=max(0, gate.resident_bytes() - resident),
        decode_tps=round(gate.decode_speed(session), 1),
    )


def file_records(paths: Iterable[Path]) -> Generator[BuildProgress, None, dict[str, FileRecord]]:
    """Hash files; its steps are megabytes."""
    total = sum(path.stat().st_size for path in paths) // 1_000_000
    records: dict[str, FileRecord] = {}
    yield BuildProgress("Checking the files", 0, total)
    for path in paths:
        hashing, before = hash_file(path), sum(record.size_bytes for record in records.values())
        while path.name not in records:
            try:
                yield BuildProgress("Checking the files", (before + next(hashing)) // 1_000_000, total)
            except StopIteration as end:
                records[path.name] = end.value
    return records


def _stage(stage: str, steps: gate.Steps) -> Generator[BuildProgress, None, float]:
    """Name the steps of a measurement; returns its figure."""
    while True:
        try:
            done, total = next(steps)
        except StopIteration as end:
            return float(end.value)
        yield BuildProgress(stage, done, total)


# Bytes for a weight, block scales and the like included.
_BYTES_PER_WEIGHT = {
    Precision.FP32: 4.0,
    Precision.FP16: 2.0,
    Precision.INT8: 1.05,
    Precision.INT8_BLOCKS: 1.1,
    Precision.INT4: 0.9,
}
_WHOLE_TABLE = (Precision.FP32, Precision.FP16)  # a tied table is stored once; in the others by rows and by columns


def needed_bytes(n_weights: int, precisions: tuple[Precision, ...], n_tied: int = 0) -> int:
    """Free disk space that a build of these forms takes, the blocks included that int8 may have to give way to.

    n_tied -- of the weights, how many make up a table that embedding and head share"""
    forms = {*precisions, Precision.INT8_BLOCKS} if Precision.INT8 in precisions else {*precisions}
    n_stored = {form: n_weights + (0 if form in _WHOLE_TABLE else n_tied) for form in forms}
    return round(sum(_BYTES_PER_WEIGHT[form] * n for form, n in n_stored.items()) * _DISK_SPARE)


def _check_space(checkpoint: Checkpoint, precisions: tuple[Precision, ...], folder: Path) -> None:
    config = checkpoint.config
    n_tied = config.n_vocab * config.n_embd if config.tied_head else 0
    require_free(needed_bytes(checkpoint.n_parameters, precisions, n_tied), folder, "Building the model")
