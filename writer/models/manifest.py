"""What is known about an installed model: its manifest, checked when it is read."""

import hashlib
import json
import math
import re
from collections.abc import Generator
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Self, cast

from writer.engine.config import ModelConfig
from writer.errors import UsageError, WriterError
from writer.models.precision import Precision

MANIFEST_NAME = "manifest.json"
IMPORTED_KIND = "onnx"  # `source_kind` of a graph that another program exported
_FORMAT_VERSION = 1
_HASH_BYTES = 1 << 24
_ID = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,62}[A-Za-z0-9_-])?")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class FileRecord:
    size_bytes: int
    sha256: str


@dataclass(frozen=True)
class PrecisionRecord:
    """One graph: its files, and what the quality gate measured on `n_gate_tokens` tokens.

    memory_bytes, decode_tps -- resident memory it took, and tokens per second it wrote, when it was built here; 0 in
                                models built before this was measured
    """

    files: dict[str, FileRecord]
    perplexity: float
    perplexity_fp32: float
    n_gate_tokens: int
    build_s: float
    memory_bytes: int = 0
    decode_tps: float = 0.0

    @property
    def loss(self) -> float:
        """How much more surprised this precision is than full precision: 0.03 is three percent."""
        return self.perplexity / self.perplexity_fp32 - 1

    @property
    def sha256(self) -> str:
        """One hash for the whole graph: of its files' names and hashes, a line each, sorted."""
        lines = sorted(f"{name} {record.sha256}\n" for name, record in self.files.items())
        return hashlib.sha256("".join(lines).encode()).hexdigest()


@dataclass(frozen=True)
class Manifest:
    """Everything known about an installed model.

    source -- where it came from: "huggingface.co OWNER/NAME at REVISION", "package NAME==VERSION", or a path
    source_files -- the files it was built from, weights and descriptions
    shared_files -- files in its folder that serve every precision
    note -- a sentence for the writer, "" if there is none
    disclaimer -- name of a text in `resources/disclaimers`
    built_at -- an ISO 8601 time given by whoever asked for the build, "" when they did not say
    """

    id: str
    title: str
    config: ModelConfig
    source_kind: str
    source_files: dict[str, FileRecord]
    licence: str
    default_precision: Precision
    precisions: dict[str, PrecisionRecord]
    note: str = ""
    writer_version: str = ""
    built_at: str = ""
    parameters: int = 0
    disclaimer: str = "any"
    source: str = ""
    shared_files: dict[str, FileRecord] = field(default_factory=dict)
    format_version: int = field(default=_FORMAT_VERSION)

    @property
    def is_compared(self) -> bool:
        """Whether `loss` says something: an imported graph has no form in full precision to compare it with."""
        return self.source_kind != IMPORTED_KIND

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """Raises ValueError, KeyError, TypeError or WriterError for anything `to_json` could not have written; fields
        that a newer Writer has added without a new format are passed over."""
        if values["format_version"] != _FORMAT_VERSION:
            raise ValueError(f"manifest format {values['format_version']}")
        manifest = cls(
            **{
                **_known(cls, values),
                "config": ModelConfig.from_json(values["config"]),
                "source_files": _file_records(values["source_files"]),
                "shared_files": _file_records(values.get("shared_files", {})),
                "default_precision": Precision(values["default_precision"]),
                "precisions": {
                    str(Precision(name)): PrecisionRecord(
                        **{**_known(PrecisionRecord, record), "files": _file_records(record["files"])}
                    )
                    for name, record in values["precisions"].items()
                },
            }
        )
        check_id(manifest.id)
        if manifest.default_precision not in manifest.precisions:
            raise ValueError("the default precision has not been built")
        for record in manifest.precisions.values():
            if not (math.isfinite(record.loss) and record.n_gate_tokens >= 0 and record.build_s >= 0):
                raise ValueError("figures that are none")
        for text in (
            manifest.title,
            manifest.source_kind,
            manifest.licence,
            manifest.note,
            manifest.built_at,
            manifest.disclaimer,
            manifest.source,
        ):
            if not isinstance(text, str):
                raise TypeError("text that is none")
        return manifest


def _known(kind: type, values: dict[str, Any]) -> dict[str, Any]:
    names = {f.name for f in fields(kind)}
    return {name: value for name, value in values.items() if name in names}


def _file_records(values: dict[str, dict[str, Any]]) -> dict[str, FileRecord]:
    records = {name: FileRecord(**_known(FileRecord, record)) for name, record in values.items()}
    for name, record in records.items():
        if not name or Path(name).name != name:
            raise ValueError(f"{name!r} is no file name")
        if not isinstance(record.size_bytes, int) or record.size_bytes < 0 or not _SHA256.fullmatch(record.sha256):
            raise ValueError(f"the record of {name} is damaged")
    return records


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Raises WriterError for a model whose measured figures show that it cannot be used."""
    for precision, record in manifest.precisions.items():
        if not math.isfinite(record.perplexity):
            raise WriterError(
                f"The model {manifest.id} answers with numbers that are no probabilities ({precision}).",
                "Its file is probably damaged: get it again.",
            )
    (folder / MANIFEST_NAME).write_text(json.dumps(manifest.to_json(), indent=2), encoding="utf-8")


def file_record(path: Path) -> FileRecord:
    """`hash_file`, without a stop: for small files."""
    hashing = hash_file(path)
    while True:
        try:
            next(hashing)
        except StopIteration as end:
            return cast(FileRecord, end.value)


def hash_file(path: Path) -> Generator[int, None, FileRecord]:
    """Yields the bytes done between the pieces it reads."""
    digest, done = hashlib.sha256(), 0
    with path.open("rb", buffering=0) as stream:
        while piece := stream.read(_HASH_BYTES):
            digest.update(piece)
            done += len(piece)
            yield done
    return FileRecord(done, digest.hexdigest())


def check_id(model_id: str) -> str:
    """A model id is also a folder's name. Raises UsageError for anything else."""
    if not is_id(model_id):
        raise UsageError(
            f"{model_id!r} is no model id.", "Use up to 64 letters, digits, hyphens, underscores and dots."
        )
    return model_id


def is_id(name: str) -> bool:
    return _ID.fullmatch(name) is not None


def read_manifest(folder: Path, *, is_shipped: bool = False) -> Manifest:
    """Raises DamagedModelError when it is missing, damaged, or that of another model, NewerModelError when a newer
    Writer wrote it."""
    try:
        values = json.loads((folder / MANIFEST_NAME).read_text(encoding="utf-8"))
        version = values["format_version"]
        if type(version) is int and version > _FORMAT_VERSION:
            raise NewerModelError(folder.name)
        manifest = Manifest.from_json(values)
        if manifest.id != folder.name:
            raise ValueError("the manifest of another model")
    except NewerModelError:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError, ArithmeticError, WriterError) as error:
        raise DamagedModelError(folder.name, "its description cannot be read", is_shipped=is_shipped) from error
    return manifest


class NewerModelError(WriterError):
    """An installed model that a newer Writer built: it is not read, and nothing takes its place."""

    def __init__(self, model_id: str) -> None:
        super().__init__(f"A newer Writer built the model {model_id}, and this one cannot read it.", "Update Writer.")


class DamagedModelError(WriterError):
    """An installed model that is not what was built. The hint is for the command line; a window has buttons to name.

    what -- what is wrong, to stand in brackets
    is_shipped -- it came with Writer
    """

    def __init__(self, model_id: str, what: str, *, is_shipped: bool = False) -> None:
        self.is_shipped = is_shipped
        again = f"Remove it and get or build it again: writer models remove {model_id}."
        super().__init__(f"The model {model_id} is damaged ({what}).", "Install Writer again." if is_shipped else again)
