"""Causal language models that another program exported to ONNX: looked at, copied into the store, measured.

All of it is meant for a process of its own (`writer.models.child`): the files come from anywhere.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from writer.models.imported.folder import find_graph
from writer.models.imported.request import ImportRequest

if TYPE_CHECKING:
    from writer.models.build import BuildEvent
    from writer.models.store import ModelStore

__all__ = ["ImportRequest", "find_graph", "import_model"]


def import_model(request: ImportRequest, store: "ModelStore") -> "Iterator[BuildEvent]":
    """See `install`, which loads the library that reads graphs."""
    from writer.models.imported import install

    return install.import_model(request, store)
