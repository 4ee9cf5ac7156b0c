"""A stranger's tokenizer file, tried on texts that make bad regular expressions slow, against the clock.

The library holds the interpreter while it works, so no Python can stop it: the system ends the whole process. Only
for a process that exists to read one model (`writer.models.child`).
"""

import faulthandler
import signal
import string
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from writer.engine.imported_tokenizer import ImportedTokenizer
from writer.engine.tokenizer import MAX_TOKENIZER_BYTES, Tokenizer, TokenizerSpec
from writer.engine.untrusted_file import parse_json, read_capped
from writer.errors import WriterError
from writer.models.checkpoint.fields import read_json
from writer.models.checkpoint.hugging_face_tokenizer import read_tokenizer

TRIAL_S = 20.0  # the usual tokenizers take one or two
_REPEATS = 2000
_PATTERNS = ("ab", "a ", " a", "a1", "1,", "'s", "A.", "aA", " \n", "\n\t", "é", "ß!", "你", "🙂", "́", "\u200d")
_ENDS = ("", "!", "b", "\n")  # what makes a match of the run before it fail
_SAMPLE_CHARS = 20_000


def choose_tokenizer(folder: Path, sample: str) -> tuple[Tokenizer, list[int]]:
    """(tokenizer, tokens to read before every text) of a model's folder. Raises WriterError when it has none that can
    be used; ends the process when it takes too long.

    Writer's own reader is used where it gives the same tokens as the file's own rules; `sample` is prose."""
    file = folder / "tokenizer.json"
    if not file.is_file():
        spec = read_tokenizer(folder)
        if spec is None:
            raise WriterError(
                "The model comes without a tokenizer.",
                "Put its tokenizer.json, or vocab.json and merges.txt, beside it.",
            )
        return Tokenizer(spec), _start_ids(folder, spec)
    description = _description(file)
    with _time_limit(TRIAL_S):
        library = ImportedTokenizer(description)
        for text in trial_texts(sample):
            library.encode(text)
        start_ids = library.start_ids()
        token_ids = library.encode(sample[:_SAMPLE_CHARS])
        if library.decode(token_ids).strip() != sample[:_SAMPLE_CHARS].strip():
            raise WriterError(
                "Writer cannot run this model: its tokenizer does not keep the text it is given.",
                "Choose another model.",
            )
    own = _own_tokenizer(folder)
    if own is not None and own.n_vocab == library.n_vocab and own.encode(sample[:_SAMPLE_CHARS]) == token_ids:
        return own, start_ids
    return library, start_ids


def trial_texts(sample: str) -> Iterator[str]:
    """Ordinary prose, and runs of every kind, each followed by something else."""
    yield sample[:_SAMPLE_CHARS]
    for run in (*string.printable, *_PATTERNS):
        for end in _ENDS:
            yield run * (_REPEATS // len(_ENDS)) + end
        yield run * _REPEATS + "!"


def _description(file: Path) -> str:
    """The file's text, bounded in size and in what it holds."""
    try:
        data = read_capped(file, MAX_TOKENIZER_BYTES)
        parse_json(data)
        return data.decode("utf-8")
    except (OSError, ValueError) as error:
        raise WriterError("The model's tokenizer is damaged.", "Get the model again.") from error


def _own_tokenizer(folder: Path) -> Tokenizer | None:
    try:
        spec = read_tokenizer(folder)
    except WriterError:
        return None
    return Tokenizer(spec) if spec else None


def _start_ids(folder: Path, spec: TokenizerSpec) -> list[int]:
    """For GPT-2's two files, whose template stands in the settings beside them."""
    file = folder / "tokenizer_config.json"
    settings = read_json(file) if file.is_file() else {}
    if settings.get("add_bos_token") is not True:
        return []
    token: Any = settings.get("bos_token")
    token = token.get("content") if isinstance(token, dict) else token
    return [spec.tokens.index(token)] if token in spec.tokens else []


@contextmanager
def _time_limit(limit_s: float) -> Iterator[None]:
    if sys.platform == "win32":
        with Path("NUL").open("w") as nowhere:
            faulthandler.dump_traceback_later(limit_s, exit=True, file=nowhere)
            try:
                yield
            finally:
                faulthandler.cancel_dump_traceback_later()
        return
    previous = signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, limit_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
