"""Where the bytes of a frozen program lie: sizes.py [FOLDER]

Prints a table by part, in MB (millions of bytes), largest first. Exit status 1 when the sum is over the budget.
"""

import sys
from collections import Counter
from pathlib import Path

DEFAULT = Path(__file__).resolve().parents[2] / "build" / "frozen" / "writer"
BUDGET_MB = 450

# The first that a name begins with counts.
_PARTS = (
    ("_internal/resources/models/", "starter model"),
    ("_internal/resources/", "fonts, texts, icons"),
    ("_internal/PySide6/", "Qt and its bindings"),
    ("_internal/shiboken6/", "Qt and its bindings"),
    ("_internal/onnxruntime/", "ONNX Runtime"),
    ("_internal/numpy", "numpy"),
    ("_internal/onnx/", "onnx"),
    ("_internal/ml_dtypes/", "onnx"),
    ("_internal/google/", "onnx"),
    ("_internal/tokenizers/", "tokenizers"),
    ("_internal/python3", "Python"),
    ("_internal/libpython3", "Python"),
    ("_internal/base_library.zip", "Python"),
    ("_internal/libcrypto", "Python"),
    ("_internal/libssl", "Python"),
    ("_internal/libffi", "Python"),
    ("_internal/libxcb", "Qt and its bindings"),
    ("_internal/libxkb", "Qt and its bindings"),
    ("writer", "Writer's and others' Python modules"),
)
_OTHERS = "others"


def main() -> int:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT
    sizes = sizes_by_part(folder)
    if not sizes:
        raise SystemExit(f"There is nothing in {folder}: build it with make frozen.")
    for part, size in sizes.most_common():
        print(f"{part:<40} {size / 1e6:>8.1f}")
    total = sizes.total() / 1e6
    print(f"{'all':<40} {total:>8.1f}")
    if total > BUDGET_MB:
        print(f"This is over the budget of {BUDGET_MB} MB.", file=sys.stderr)
        return 1
    return 0


def sizes_by_part(folder: Path) -> Counter[str]:
    """Bytes of each part. A file that several links lead to counts once."""
    sizes: Counter[str] = Counter()
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            sizes[part_of(path.relative_to(folder).as_posix())] += path.stat().st_size
    return sizes


def part_of(name: str) -> str:
    """The part to which the file at `name` in the program's folder belongs."""
    return next((part for beginning, part in _PARTS if name.startswith(beginning)), _OTHERS)


if __name__ == "__main__":
    sys.exit(main())
