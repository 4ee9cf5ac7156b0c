"""The window: everything that draws, and the only package that imports PySide6."""

import sys

if sys.platform == "win32":
    # Before any part of Qt: it brings an older C++ runtime library, with which ONNX Runtime's own would no longer load.
    from writer.engine.devices import runtime

    runtime()
