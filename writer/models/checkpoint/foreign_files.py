"""Files that are never opened as weights: pickles, which can run any program, and archives, which Writer does not
unpack. Known by their first bytes, whatever they are called; pickles by their names too."""

from pathlib import Path

from writer.engine.untrusted_file import open_regular
from writer.errors import WriterError

_PICKLE_STARTS = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
_PICKLE_SUFFIXES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle")
_ARCHIVE_STARTS = (
    b"PK\x03\x04",
    b"PK\x05\x06",  # an empty zip
    b"\x1f\x8b",  # gzip
    b"BZh",
    b"\xfd7zXZ\0",
    b"7z\xbc\xaf\x27\x1c",
    b"\x28\xb5\x2f\xfd",  # zstd
    b"Rar!\x1a\x07",
)
_TAR_MAGIC = (257, b"ustar")  # where it stands
_START_BYTES = 1024


def refuse_foreign(file: Path) -> None:
    """Raises WriterError for a pickle or an archive, OSError when the file cannot be read."""
    with open_regular(file) as stream:
        start = stream.read(_START_BYTES)
    at, magic = _TAR_MAGIC
    # torch packs its pickle in a zip archive, in which it comes first.
    if file.suffix.lower() in _PICKLE_SUFFIXES or (start.startswith(b"PK") and b"/data.pkl" in start):
        raise pickle_refused(file.name)
    # A safetensors file may start with the same two bytes: they are the lower half of its length, before a brace.
    if start.startswith(_PICKLE_STARTS) and start[3:9] != bytes(5) + b"{":
        raise pickle_refused(file.name)
    if start.startswith(_ARCHIVE_STARTS) or start[at:].startswith(magic):
        raise WriterError(
            f"{file.name} is an archive, which Writer does not unpack.",
            "Unpack it, and give the folder or the .gguf file that was in it.",
        )


def pickle_refused(name: str) -> WriterError:
    return WriterError(
        f"{name} is a pickle file, which can run any program when it is opened, so it is never loaded.",
        "Use the model's safetensors or GGUF version.",
    )
