"""`writer`: parse, dispatch, and turn every failure into one line.

Exit status: 0 done, 1 failure, 2 wrong usage, 130 stopped with Ctrl+C.
Nothing heavy is imported before a command needs it.
"""

import argparse
import io
import os
import sys
import tempfile
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from writer import __version__
from writer.errors import UsageError, WriterError

_COMMANDS = ("generate", "models", "devices", "bench", "self-test")


class _Parser(argparse.ArgumentParser):
    """argparse with one-line errors."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message[:1].upper()}{message[1:]}.", f"See {self.prog} --help.")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    _never_fail_to_print()
    try:
        return _run(arguments)
    except WriterError as error:
        print(f"writer: {error}", file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader (head, a pager) has gone: nothing more can be said to it, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        failure = _file_failure(error) if isinstance(error, OSError) else None
        if failure is None and os.environ.get("WRITER_DEBUG"):
            raise
        print(f"writer: {failure or _unexpected(error)}", file=sys.stderr)
        return 1


def _never_fail_to_print() -> None:
    """A terminal's or file's encoding may lack a letter: it gets a ? in its place, and the rest of the text."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _file_failure(error: OSError) -> WriterError | None:
    from writer.cli.failures import file_failure

    return file_failure(error)


def _unexpected(error: Exception) -> str:
    """Keep the traceback in a file for a report, and say where."""
    with tempfile.NamedTemporaryFile("w", prefix="writer-error-", suffix=".txt", delete=False, encoding="utf-8") as log:
        log.write("".join(traceback.format_exception(error)))
    return f"Something unexpected went wrong ({type(error).__name__}). Details for a report are in {log.name}."


def _run(arguments: list[str]) -> int:
    command: Callable[[argparse.Namespace], int]
    if arguments and arguments[0] in _COMMANDS:
        parser, command = _command_parser(arguments[0])
        return command(parser.parse_args(arguments[1:]))
    options = _window_parser().parse_args(arguments)
    from writer.cli.start import start

    return start(options.file)


def _window_parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="writer",
        description="A desktop writing assistant. Without a command it opens the window.",
        epilog="commands: writer generate | writer models | writer devices | writer bench | writer self-test (each has "
        "its own --help)",
    )
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE", help="a text or Markdown file to open")
    parser.add_argument("--version", action="version", version=f"writer {__version__}")
    return parser


def _command_parser(name: str) -> tuple[argparse.ArgumentParser, Callable[[argparse.Namespace], int]]:
    parser = _Parser(prog=f"writer {name}")
    if name == "generate":
        from writer.cli import generate

        generate.add_arguments(parser)
        return parser, generate.run
    if name == "models":
        from writer.cli import models

        models.add_arguments(parser)
        return parser, models.run
    if name == "devices":
        from writer.cli import devices

        devices.add_arguments(parser)
        return parser, devices.run
    if name == "self-test":
        from writer.cli import self_test

        self_test.add_arguments(parser)
        return parser, self_test.run
    from writer.cli import bench

    bench.add_arguments(parser)
    return parser, bench.run
