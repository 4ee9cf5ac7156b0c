"""Causal language models that another program exported to ONNX: looked at, copied into the store, measured.

All of it is meant for a process of its own (`writer.models.child`): the files come from anywhere.
"""

from writer.models.imported.folder import find_graph
from writer.models.imported.install import ImportRequest, import_model

__all__ = ["ImportRequest", "find_graph", "import_model"]
