"""Exported graph -> installed model, all or nothing."""

import time
from collections.abc import Generator, Iterator
from pathlib import Path

from writer import __version__
from writer.engine.imported_session import ImportedSession
from writer.engine.imported_tokenizer import ImportedTokenizer
from writer.engine.tokenizer import Tokenizer
from writer.errors import WriterError
from writer.models import gate
from writer.models.build import BuildEvent, BuildFinished, BuildProgress, file_records, measure
from writer.models.checkpoint.hugging_face import licence_of
from writer.models.disk import require_free, storing
from writer.models.imported.folder import DESCRIPTIONS, description_folder, find_graph, read_shape
from writer.models.imported.graph_file import ForeignGraph, read_graph
from writer.models.imported.interface import read_interface
from writer.models.imported.request import ImportRequest
from writer.models.imported.rewrite import store_weights, stored_precision
from writer.models.imported.trial import choose_tokenizer
from writer.models.imported.try_out import check_length, try_out
from writer.models.manifest import IMPORTED_KIND
from writer.models.store import Manifest, ModelStore, file_record, write_manifest

_DISK_SPARE = 1.1
_NOTE = "This model runs in the form in which it was exported; Writer has no other form of it to compare it with."


def import_model(request: ImportRequest, store: ModelStore) -> Iterator[BuildEvent]:
    """Install an exported graph. The last event is BuildFinished. Raises WriterError; closing it leaves nothing."""
    path = find_graph(request.source)
    if path is None:
        raise WriterError(
            f"{request.source} holds no model.onnx and no decoder_model_merged.onnx.",
            "Give the folder that holds the exported model.",
        )
    yield BuildProgress("Looking at the graph", 0, 1)
    with storing(store.models_dir, "imported"):
        graph = read_graph(path)
        with store.staging(request.model_id) as folder:
            needed = _DISK_SPARE * sum(file.stat().st_size for file in graph.files)
            require_free(needed, folder, "Importing the model")
            write_manifest(folder, (yield from _import_into(folder, request, graph)))
    yield BuildFinished(store.get(request.model_id))


def _import_into(folder: Path, request: ImportRequest, graph: ForeignGraph) -> Generator[BuildEvent, None, Manifest]:
    began = time.perf_counter()
    described = description_folder(graph.path)
    interface = read_interface(graph.model)
    yield BuildProgress("Trying the tokenizer", 0, 1)
    tokenizer, start_ids = choose_tokenizer(_tokenizer_folder(described, request), request.gate_text)
    precision, n_parameters = stored_precision(graph), graph.n_parameters
    source_files = yield from file_records(
        _source_files(request.described_by or described, [] if request.described_by else graph.files)
    )
    target = folder / f"{precision}.onnx"
    for done, total in store_weights(graph, target):
        yield BuildProgress("Copying the weights", done, total)
    yield BuildProgress("Trying the graph", 0, 1)
    n_vocab = try_out(graph, interface, target, start_ids, is_exact=precision in ("fp32", "fp16"))
    config = read_shape(described, interface, n_vocab, len(start_ids))
    _check_tokenizer(tokenizer, n_vocab)
    build_s = time.perf_counter() - began

    def load() -> ImportedSession:
        session = ImportedSession.load(target, config)
        check_length(session)
        return session

    windows = gate.gate_windows(tokenizer, request.gate_text, config.n_ctx)
    files = (target, target.with_name(target.name + ".data"))
    record = yield from measure("Measuring the graph", files, load, windows, build_s, None)
    saved = tokenizer.save(folder) if isinstance(tokenizer, ImportedTokenizer) else tokenizer.spec.save(folder)
    return Manifest(
        id=request.model_id,
        title=request.title or request.model_id,
        config=config,
        source=request.origin or str(request.described_by or request.source),
        source_kind=IMPORTED_KIND,
        source_files=source_files,
        licence=licence_of(request.described_by or described),
        default_precision=precision,
        precisions={str(precision): record},
        note=_NOTE,
        writer_version=__version__,
        parameters=n_parameters,
        disclaimer=request.disclaimer,
        shared_files={saved.name: file_record(saved)},
    )


def _tokenizer_folder(described: Path, request: ImportRequest) -> Path:
    """Beside the graph, where the exporter writes the tokenizer anew, or with the checkpoint when it could not."""
    is_missing = not (described / "tokenizer.json").is_file()
    return request.described_by if is_missing and request.described_by else described


def _source_files(described: Path, graph_files: list[Path]) -> list[Path]:
    """Of the files a model comes from: its graph's, or its checkpoint's, and its descriptions."""
    files = graph_files or sorted(described.glob("*.safetensors"))
    return [*files, *(described / name for name in DESCRIPTIONS if (described / name).is_file())]


def _check_tokenizer(tokenizer: Tokenizer, n_vocab: int) -> None:
    """Special tokens beyond the embedding are never made from text, so they do no harm."""
    if not set(range(n_vocab, tokenizer.n_vocab)) <= tokenizer.special_ids:
        raise WriterError(
            f"The tokenizer has {tokenizer.n_vocab} tokens, but the model knows only {n_vocab}.",
            "The files do not belong together: get the model again.",
        )
