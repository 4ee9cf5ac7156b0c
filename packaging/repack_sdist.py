"""Pack sdists anew so that the same files give the same archive, whoever packs them and when: repack_sdist.py FILE...

setuptools writes the times of a checkout and the name of its user into them. Every file gets the time SOURCE_DATE_EPOCH
(seconds since 1970) and belongs to nobody; the order is that of names.
"""

import gzip
import os
import sys
import tarfile
from pathlib import Path


def repack(sdist: Path, time_s: int) -> None:
    """Replace an archive by its like."""
    target = sdist.with_name(f".{sdist.name}.new")
    with (
        tarfile.open(sdist) as old,
        target.open("wb") as file,
        gzip.GzipFile("", "wb", fileobj=file, mtime=time_s) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT) as new,
    ):
        for entry in sorted(old.getmembers(), key=lambda entry: entry.name):
            plain = tarfile.TarInfo(entry.name)
            plain.type, plain.size, plain.mtime = entry.type, entry.size, time_s
            plain.mode = 0o755 if entry.isdir() or entry.mode & 0o100 else 0o644
            new.addfile(plain, old.extractfile(entry) if entry.isfile() else None)
    target.replace(sdist)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        repack(Path(name), int(os.environ["SOURCE_DATE_EPOCH"]))
