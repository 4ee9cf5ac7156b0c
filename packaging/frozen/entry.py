"""The first lines of the frozen program, which has no `python -m writer`."""

import multiprocessing
import os
import sys
from collections.abc import MutableMapping


def restore_environment(environ: MutableMapping[str, str], inside: str) -> None:
    """Take back what the start of a frozen program, whose files lie in `inside`, has put into the environment.

    Programs that Writer starts, such as a browser, would look for their libraries and plugins among Writer's own;
    Writer's helpers would not look there, taking themselves for a part of the process that has been set up. Qt finds
    its plugins without.
    """
    for name in [name for name in environ if name.startswith("_PYI_")]:
        del environ[name]
    for name in ("QT_PLUGIN_PATH", "QML2_IMPORT_PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"):
        if environ.get(name, "").startswith(inside):
            del environ[name]
        before = environ.pop(f"{name}_ORIG", None)
        if before is not None:
            environ[name] = before


def choose_utf8(environ: MutableMapping[str, str]) -> None:
    """Where nobody has chosen a language, letters are UTF-8, as in every Python that is not frozen."""
    if sys.platform == "linux" and not any(environ.get(name) for name in ("LC_ALL", "LC_CTYPE", "LANG")):
        environ["LC_CTYPE"] = "C.UTF-8"


if __name__ == "__main__":
    # A process that `multiprocessing` starts is this program again: here it turns aside and does its work.
    multiprocessing.freeze_support()
    restore_environment(os.environ, sys._MEIPASS)  # type: ignore[attr-defined]
    choose_utf8(os.environ)
    if sys.platform == "win32":
        # Qt brings an older C++ runtime, which must not be the first that is loaded.
        import onnxruntime  # noqa: F401
    from writer.cli.main import main

    sys.exit(main())
