"""Any other causal language model through optimum's ONNX export. The only door to torch, transformers and optimum."""

import importlib
import importlib.util
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from writer.engine.untrusted_file import is_plain_name
from writer.errors import WriterError
from writer.models.build import BuildProgress
from writer.models.checkpoint.checkpoint import damaged
from writer.models.checkpoint.fields import read_json

_EXPORTER = "optimum.exporters.onnx"
_NEEDED = ("torch", "transformers", _EXPORTER)
_MAX_INDEX_BYTES = 2**23  # a line for each tensor
_TASK = "text-generation-with-past"


@dataclass(frozen=True)
class ExportFinished:
    """The graph has been written."""


def check_export(source: Path) -> None:
    """Raises WriterError when `source` is no checkpoint that can be exported, or when the exporter is not installed."""
    if not (source / "config.json").is_file():
        raise WriterError(
            f"{source} holds no model.onnx, and no config.json to export one from.", "Give the model's own folder."
        )
    if not _are_safetensors(source):
        # Other weights are pickled, and a pickle can run any program when it is opened.
        raise WriterError(f"{source} holds no weights as safetensors.", "Use the model's safetensors version.")
    if not all(map(_is_installed, _NEEDED)):
        raise WriterError(
            "Exporting a model of this kind needs torch, transformers and optimum, which are not installed.",
            'Install Writer by pip with them, pip install "writer-desktop[export]", and try again there.',
        )


def export_onnx(source: Path, target: Path) -> Iterator[BuildProgress | ExportFinished]:
    """Write the checkpoint in `source` as a graph into the new folder `target`. Raises WriterError.

    To be run in a process of its own: it takes memory for the weights several times over. Nothing is fetched, and no
    code that comes with the model is run."""
    check_export(source)
    kind = read_json(source / "config.json").get("model_type")
    if not isinstance(kind, str):
        raise damaged("config.json", "it names no kind of model")
    yield BuildProgress("Loading the exporter", 0, 2)
    os.environ |= {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "critical"}
    try:
        main_export = importlib.import_module(_EXPORTER).main_export
        yield BuildProgress("Exporting the model", 1, 2)
        main_export(
            str(source),
            output=target,
            task=_TASK,
            framework="pt",
            library_name="transformers",
            local_files_only=True,
            trust_remote_code=False,
            do_validation=False,  # the import measures what was written
            no_post_process=True,
        )
    except MemoryError:
        raise
    except Exception as error:  # whatever a model of a kind unknown to the exporter makes it raise
        reason = " ".join(str(error).split())[:160]
        raise WriterError(
            f"This {kind[:40]} model cannot be exported ({reason or type(error).__name__}).", "Choose another model."
        ) from error
    yield ExportFinished()


def _are_safetensors(source: Path) -> bool:
    """Whether the files that transformers looks for first are there: one, or an index that names nothing else."""
    if (source / "model.safetensors").is_file():
        return True
    index = source / "model.safetensors.index.json"
    if not index.is_file():
        return False
    names = read_json(index, _MAX_INDEX_BYTES).get("weight_map")
    if not isinstance(names, dict) or not all(isinstance(name, str) for name in names.values()):
        raise damaged(index.name)
    return all(
        is_plain_name(name) and name.endswith(".safetensors") and (source / name).is_file()
        for name in set(names.values())
    )


def _is_installed(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False
