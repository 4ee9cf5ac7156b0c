"""`writer [FILE]`: the window, or the terminal where there is no display."""

import gc
import os
import re
import sys
from pathlib import Path

from writer.errors import WriterError
from writer.paths import resources_dir, user_paths


def start(file: Path | None) -> int:
    """Open the window on `file`; returns the exit status."""
    if not has_display():
        return _write_in_terminal(file)
    gc.disable()  # nothing that is loaded here is garbage, and looking for some takes a seventh of the time
    try:
        from writer.ui.app import run_app
    except ImportError as error:
        raise missing_library(error) from error
    finally:
        gc.enable()
    return run_app(user_paths(os.environ), file)


def missing_library(error: ImportError) -> Exception:
    """Qt draws with libraries of the system; a fault of Writer's own stays what it is."""
    found = re.match(r"(lib[\w.+-]+): cannot open shared object file", str(error))
    if found is None:
        return error
    return WriterError(
        f"Writer's window needs {found[1]}, which this system lacks.",
        "Install the package that has it, or stay in the terminal: writer generate --help.",
    )


def has_display() -> bool:
    """Only Linux and its kin can lack one; a Qt platform chosen by hand counts as a display."""
    if sys.platform in ("win32", "darwin"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))


def _write_in_terminal(file: Path | None) -> int:
    """The same main job without a window: stream a continuation of the file, or of the welcome text."""
    from writer.assist.presets import default_config
    from writer.cli.loading import load_model
    from writer.document.files.file_ops import FileOps
    from writer.document.files.text_file import open_text
    from writer.engine.events import Token
    from writer.engine.generate import generate

    print("There is no display here, so Writer writes in the terminal.", file=sys.stderr)
    opened = open_text(file or resources_dir() / "welcome.txt", FileOps())
    if opened.read_only:
        raise WriterError(opened.read_only, "Choose a text file.")
    text = opened.text.rstrip()
    model = load_model(None)
    sys.stdout.write(text)
    for event in generate(model.session, model.tokenizer, model.cache, text, default_config()):
        if isinstance(event, Token):
            sys.stdout.write(event.text)
            sys.stdout.flush()
    print()
    return 0
