"""The first lines of the frozen program, which has no `python -m writer`."""

import multiprocessing
import os
import sys

# A process that `multiprocessing` starts is this program again: here it turns aside and does its work.
multiprocessing.freeze_support()


def restore_environment() -> None:
    """Take back what the start of a frozen program has put into the environment: programs that Writer starts, such as
    a browser, would look for their libraries and plugins among Writer's own. Qt finds its plugins without."""
    for name in ("QT_PLUGIN_PATH", "QML2_IMPORT_PATH"):
        if os.environ.get(name, "").startswith(sys._MEIPASS):  # type: ignore[attr-defined]
            del os.environ[name]
    for name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LIBPATH"):
        before = os.environ.pop(f"{name}_ORIG", None)
        if before is not None:
            os.environ[name] = before
        elif os.environ.get(name, "").startswith(sys._MEIPASS):  # type: ignore[attr-defined]
            del os.environ[name]


restore_environment()

if sys.platform == "win32":
    # Qt brings an older C++ runtime, which must not be the first that is loaded.
    import onnxruntime  # noqa: F401

from writer.cli.main import main  # noqa: E402 - only in the program itself, not in its helpers

sys.exit(main())
