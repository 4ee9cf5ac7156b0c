"""The first lines of the frozen program, which has no `python -m writer`."""

import multiprocessing
import os
import sys

# A process that `multiprocessing` starts is this program again: here it turns aside and does its work.
multiprocessing.freeze_support()


def restore_environment() -> None:
    """Take back what the start of a frozen program has put into the environment. Programs that Writer starts, such as
    a browser, would look for their libraries and plugins among Writer's own; Writer's helpers would not look there,
    taking themselves for a part of the process that has been set up. Qt finds its plugins without."""
    for name in [name for name in os.environ if name.startswith("_PYI_")]:
        del os.environ[name]
    inside = sys._MEIPASS  # type: ignore[attr-defined]
    for name in ("QT_PLUGIN_PATH", "QML2_IMPORT_PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"):
        if os.environ.get(name, "").startswith(inside):
            del os.environ[name]
        before = os.environ.pop(f"{name}_ORIG", None)
        if before is not None:
            os.environ[name] = before


def take_utf8_for_nothing() -> None:
    """Where nobody has chosen a language, letters are UTF-8, as in every Python that is not frozen."""
    if sys.platform == "linux" and not any(os.environ.get(name) for name in ("LC_ALL", "LC_CTYPE", "LANG")):
        os.environ["LC_CTYPE"] = "C.UTF-8"


restore_environment()
take_utf8_for_nothing()

if sys.platform == "win32":
    # Qt brings an older C++ runtime, which must not be the first that is loaded.
    import onnxruntime  # noqa: F401

from writer.cli.main import main  # noqa: E402 - only in the program itself, not in its helpers

sys.exit(main())
