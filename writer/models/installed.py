"""An installed model: its files, and whether they are still those that were built."""

import contextlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from writer.engine.config import ModelConfig
from writer.errors import WriterError
from writer.models.manifest import DamagedModelError, FileRecord, Manifest, hash_file
from writer.models.precision import Precision

if TYPE_CHECKING:
    from writer.engine.tokenizer import Tokenizer


@dataclass(frozen=True)
class InstalledModel:
    """
    is_shipped -- it came with Writer: nothing is ever written into its folder
    damage_note -- the file that remembers, from one start to the next, which file was seen to have changed; None for
                   no such memory
    """

    folder: Path
    manifest: Manifest
    is_shipped: bool = False
    damage_note: Path | None = None

    @property
    def id(self) -> str:
        return self.manifest.id

    @property
    def title(self) -> str:
        return self.manifest.title

    @property
    def config(self) -> ModelConfig:
        return self.manifest.config

    @property
    def licence(self) -> str:
        return self.manifest.licence

    @property
    def default_precision(self) -> Precision:
        return self.manifest.default_precision

    def tokenizer(self) -> "Tokenizer":
        """Raises WriterError when its file is missing or damaged."""
        from writer.engine.imported_tokenizer import load_tokenizer  # loads a native library

        try:
            return load_tokenizer(self.folder)
        except WriterError as error:
            raise self._damaged("its tokenizer cannot be read") from error

    def graph(self, precision: Precision | None = None) -> Path:
        """The graph file of a precision (default: the model's own), its files checked by size.

        Raises WriterError when it was not built or is damaged."""
        chosen = precision or self.manifest.default_precision
        record = self.manifest.precisions.get(chosen)
        if record is None:
            raise WriterError(
                f"{self.id} has not been built in the precision {chosen}.",
                f"It is installed as {', '.join(self.manifest.precisions)}.",
            )
        for name, file in record.files.items():
            path = self.folder / name
            if not path.is_file() or path.stat().st_size != file.size_bytes:
                raise self._damaged(f"{name} is missing or cut short")
        if (changed := self.changed_file()) in self._files(chosen):
            raise self._damaged(f"{changed} has changed")
        return self.folder / f"{chosen}.onnx"

    def check(self) -> None:
        """What can be seen at a glance of every form, and what was found when the bytes were last looked at.

        Raises DamagedModelError."""
        self.graph()
        if changed := self.changed_file():
            raise self._damaged(f"{changed} has changed")

    def verify(self, precision: Precision | None = None) -> None:
        """`verifying`, without a stop. Raises WriterError."""
        for _ in self.verifying(precision):
            pass

    def verifying(self, precision: Precision | None = None) -> Iterator[tuple[int, int]]:
        """Hash every file, or those that one precision needs; yields (bytes done, bytes in all).

        Raises WriterError at the first that has changed, and remembers it: see `changed_file`."""
        files = self._files(precision)
        done, total = 0, sum(file.size_bytes for file in files.values())
        for name, file in files.items():
            hashing, found = hash_file(self.folder / name), None
            while found is None:
                try:
                    yield done + next(hashing), total
                except StopIteration as end:
                    found = end.value
                except OSError as error:
                    raise self._damaged(f"{name} cannot be read") from error
            if found != file:
                self._note_change(name)
                raise self._damaged(f"{name} has changed")
            done += file.size_bytes
        if self.damage_note is not None and self.changed_file() in files:  # it was the reading that went wrong
            with contextlib.suppress(OSError):
                self.damage_note.unlink(missing_ok=True)

    def changed_file(self) -> str:
        """The file that was last seen to hold other bytes than those that were built, as long as nobody has touched it
        since; "" for none."""
        if self.damage_note is None:
            return ""
        try:
            values = json.loads(self.damage_note.read_text(encoding="utf-8"))
            name, stamp = str(values["file"]), values["stamp"]
            is_so = name in self._files(None) and stamp == list(self._stamp(name))
        except (OSError, ValueError, KeyError, TypeError):
            return ""
        return name if is_so else ""

    def _note_change(self, name: str) -> None:
        """Where it cannot be written, the next look at the bytes finds it again."""
        if self.damage_note is None:
            return
        with contextlib.suppress(OSError):
            self.damage_note.parent.mkdir(parents=True, exist_ok=True)
            text = json.dumps({"file": name, "stamp": self._stamp(name)})
            self.damage_note.write_text(text, encoding="utf-8")

    def _damaged(self, what: str) -> DamagedModelError:
        return DamagedModelError(self.id, what, is_shipped=self.is_shipped)

    @contextmanager
    def verified(self, precision: Precision) -> Iterator[Path]:
        """The graph file of a precision, for a block that reads it: every byte has been seen to be right before, and
        no file has been touched at its end. Raises WriterError."""
        graph, before = self.graph(precision), self._stamps(precision)
        self.verify(precision)
        yield graph
        if self._stamps(precision) != before:
            raise WriterError(f"The model {self.id} changed while it was being read.", "Try again.")

    def _files(self, precision: Precision | None) -> dict[str, FileRecord]:
        """Those that every precision needs, and those of one, or of all."""
        chosen = [precision] if precision else self.manifest.precisions
        records = [self.manifest.shared_files, *(self.manifest.precisions[name].files for name in chosen)]
        return {name: file for record in records for name, file in record.items()}

    def _stamps(self, precision: Precision) -> list[tuple[int, int, int]]:
        """What changes with a file's content. Not the time of its last change of any kind: a further precision that is
        being built beside this one links to it."""
        try:
            return [self._stamp(name) for name in self._files(precision)]
        except OSError as error:
            raise self._damaged("a file of it cannot be read") from error

    def _stamp(self, name: str) -> tuple[int, int, int]:
        stat = (self.folder / name).stat()
        return stat.st_ino, stat.st_size, stat.st_mtime_ns

    @property
    def size_bytes(self) -> int:
        return sum(path.stat().st_size for path in self.folder.iterdir() if path.is_file())
