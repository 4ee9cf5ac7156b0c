"""Checkpoints as they are published: weights by name, one at a time, whatever file holds them. Never pickle."""

from pathlib import Path

from writer.engine.untrusted_file import open_regular
from writer.errors import WriterError
from writer.models.checkpoint.checkpoint import Checkpoint
from writer.models.checkpoint.foreign_files import refuse_foreign
from writer.models.checkpoint.gguf_file import open_gguf
from writer.models.checkpoint.gguf_header import GGUF_MAGIC
from writer.models.checkpoint.hugging_face import open_folder

__all__ = ["Checkpoint", "open_checkpoint"]


def open_checkpoint(path: Path) -> Checkpoint:
    """A Hugging Face folder with safetensors, or one .gguf file (alone in a folder, or named itself).

    Reads headers and tokenizer, no weights. Raises WriterError when the checkpoint cannot be used, always before any
    weight is read except for damage inside the weights, which `Checkpoint.tensor` reports."""
    try:
        return _open(path)
    except OSError as error:
        raise WriterError(
            f"{path} cannot be read ({error.strerror or error}).", "Check the file's permissions."
        ) from error


def _open(path: Path) -> Checkpoint:
    if path.is_dir():
        ggufs = sorted(path.glob("*.gguf"))
        if not ggufs or (path / "config.json").is_file():
            return open_folder(path)
        if len(ggufs) > 1:
            names = ", ".join(file.name for file in ggufs)
            raise WriterError(f"{path} holds several models: {names}.", "Name the file you mean.")
        return open_gguf(ggufs[0])
    if not path.exists():
        raise WriterError(f"There is no file or folder {path}.", "Check the name.")
    if path.name == "model.safetensors":
        return open_folder(path.parent)
    with open_regular(path) as stream:
        magic = stream.read(4)
    if magic == GGUF_MAGIC or path.suffix.lower() == ".gguf":
        return open_gguf(path)
    refuse_foreign(path)
    raise WriterError(f"Writer cannot read {path.name}.", "Give a folder with safetensors or a .gguf file.")
