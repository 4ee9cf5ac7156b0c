"""A passage of a novel typed again character by character: how many keys a strip of five words and ghost texts save.

The passage is part of a chapter of *Alice's Adventures in Wonderland*; the model is the starter, and it is shown only
what stands before the caret. What was chosen freely (strengths, trust, thresholds) was chosen on *Pride and
Prejudice*. Presage, the predictor in Debian, types the same passage, counted in the same way. `make bench-replay`.
"""

import argparse
import re
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.benchmarks import presage
from tests.benchmarks.keystrokes import saved_by_words, saved_of_all_keys, write_with_strip
from tests.benchmarks.replay_writers import Desk, StripOfModel, write_with_ghosts
from writer.assist.calibration import Acceptance
from writer.assist.suggestion_options import SuggestionOptions
from writer.models.loaded import LoadedModel
from writer.models.store import ModelStore
from writer.paths import resources_dir, user_paths

PARTS = ("presage", "strip", "ghost")
_HOME = Path(sys.prefix) / "starter-home"
_CHAPTER = re.compile(r"^(?:CHAPTER|Chapter) (\S+)$", re.MULTILINE)


def passage_of(book: Path, chapter: int, n_chars: int, n_known: int) -> tuple[str, str]:
    """(the `n_known` chapters before that chapter, its beginning, up to `n_chars`)"""
    text = book.read_text(encoding="utf-8")
    starts = [match.start() for match in _CHAPTER.finditer(text)] + [len(text)]
    start = starts[chapter - 1]
    chapter_text = text[start : starts[chapter]]
    if len(chapter_text) > n_chars:
        chapter_text = chapter_text[:n_chars].rpartition(" ")[0]  # no word is cut in two
    return text[starts[chapter - 1 - n_known] : start], chapter_text


def main() -> None:
    options = SuggestionOptions()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--book", type=Path, default=resources_dir() / "gate" / "alice.txt")
    parser.add_argument("--chapter", type=int, default=2)
    parser.add_argument("--chars", type=int, default=2_500)
    parser.add_argument("--known", type=int, default=1, help="chapters before it that are in the manuscript already")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--strengths", nargs="+", type=float, default=[0.0, options.own_words])
    parser.add_argument("--threads", type=int)
    arguments = parser.parse_args()
    before, passage = passage_of(arguments.book, arguments.chapter, arguments.chars, arguments.known)
    title = passage.split("\n", 1)[0]
    print(f"{title} of {arguments.book.name}: {len(passage)} characters, after {len(before)} characters of manuscript")
    print(f"{'':44} words  all keys")
    if "presage" in arguments.parts:
        _report_presage(before, passage)
    if set(arguments.parts) == {"presage"}:
        return
    store = ModelStore(user_paths({"WRITER_HOME": str(_HOME)}).models)
    model = LoadedModel.load(store.get("starter"), n_threads=arguments.threads)
    for strength in arguments.strengths:
        name = f"own words at {strength:g}" if strength else "without own words"
        if "strip" in arguments.parts:
            words = write_with_strip(before, passage, StripOfModel(Desk(model, strength)))
            _report(f"strip, {name}", saved_by_words(words), saved_of_all_keys(words, passage))
        if "ghost" in arguments.parts:
            count = write_with_ghosts(before, passage, Desk(model, strength), Acceptance(), options.one_in)
            taken = f"{count.n_taken} of {count.n_shown} ghosts taken"
            print(f"ghost, {name}".ljust(44), " " * 6, f"{count.saved:8.1%}  {taken}", flush=True)


def _report_presage(before: str, passage: str) -> None:
    if not presage.is_installed():
        print("presage is not installed (Debian: apt-get install presage)")
        return
    for name, any_case in (("presage", False), ("presage, letters all small", True)):
        with tempfile.TemporaryDirectory() as home:
            words = presage.write_with_presage(before, passage, Path(home), any_case=any_case)
        _report(name, saved_by_words(words), saved_of_all_keys(words, passage))


def _report(name: str, by_words: float, of_all: float) -> None:
    print(name.ljust(44), f"{by_words:6.1%}", f"{of_all:8.1%}", flush=True)


if __name__ == "__main__":
    main()
