"""Checkpoints as they are published: weights by name, one at a time, whatever file holds them. Never pickle."""

from pathlib import Path

from writer.errors import WriterError
from writer.models.checkpoint.checkpoint import Checkpoint
from writer.models.checkpoint.gguf_file import open_gguf
from writer.models.checkpoint.safetensors_folder import open_folder

__all__ = ["Checkpoint", "open_checkpoint"]


def open_checkpoint(path: Path) -> Checkpoint:
    """A Hugging Face folder with safetensors, or one .gguf file. Raises WriterError when it cannot be used."""
    if path.is_dir():
        return open_folder(path)
    if not path.exists():
        raise WriterError(f"There is no file or folder {path}.", "Check the name.")
    if path.suffix.lower() == ".gguf":
        return open_gguf(path)
    if path.suffix.lower() in (".bin", ".pt", ".pth", ".ckpt", ".pkl"):
        raise WriterError(
            f"{path.name} is a pickle file, which can run any program it likes when it is opened.",
            "Use the model's safetensors or GGUF version.",
        )
    raise WriterError(f"Writer cannot read {path.name}.", "Give a folder with safetensors or a .gguf file.")
