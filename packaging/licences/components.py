"""What a licence list and a bill of materials say of one thing that is packed with Writer."""

import hashlib
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
TEXTS = HERE / "texts"
ROOT = HERE.parents[1]
# In place of a licence's name where the origin gives only a text.
NOT_STATED = "see its text"


class LicenceError(Exception):
    """Something is packed of which no licence is known. The message names it and says what to do."""


@dataclass(frozen=True)
class Part:
    """Something that is built into a component, as the component's own bill of materials names it."""

    name: str
    version: str
    licence: str
    purl: str


@dataclass(frozen=True)
class Component:
    """One thing that is packed, with the texts that must go with it.

    `kind` is one of CycloneDX's component types, `licence` an SPDX expression or, where the origin gives none, a list
    of names. `files` are names below the frozen folder with their SHA-256.
    """

    title: str
    version: str
    licence: str
    source: str
    texts: tuple[str, ...]
    kind: str = "library"
    remark: str = ""
    purl: str = ""
    files: tuple[tuple[str, str], ...] = ()
    parts: tuple[Part, ...] = ()


@cache
def facts() -> dict[str, Any]:
    return tomllib.loads((HERE / "facts.toml").read_text(encoding="utf-8"))


def kept_text(name: str) -> str:
    """A text of texts/, in the form in which texts are compared and printed."""
    return tidy((TEXTS / name).read_text(encoding="utf-8"))


def tidy(text: str) -> str:
    """Without trailing blanks, form feeds and empty lines around it, so that the same text is the same letters."""
    lines = [line.rstrip() for line in text.replace("\f", "").replace("\r", "").removeprefix("\ufeff").split("\n")]
    return "\n".join(lines).strip("\n")


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
