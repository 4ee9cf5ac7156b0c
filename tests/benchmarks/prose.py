"""Books of any length, and what is typed into them."""

import random
import re

from writer.document.document import Document
from writer.document.provenance import Author
from writer.paths import resources_dir

_PASSAGE = "and so it went on, "


def novels() -> list[str]:
    """The paragraphs of the two novels in resources/, each one line, with the quotation marks of a typesetter."""
    folder = resources_dir()
    files = [folder / "gate" / "alice.txt", *sorted((folder / "calibration").glob("*.txt"))]
    text = "\n\n".join(file.read_text(encoding="utf-8") for file in files)
    text = re.sub(r"(?<![\w.,!?;:])\"", "“", text).replace('"', "”")
    text = re.sub(r"(?<![\w.,!?;:])'", "‘", text).replace("'", "’").replace("--", "—")
    return [" ".join(paragraph.split()) for paragraph in re.split(r"\n\s*\n", text) if paragraph.strip()]


def prose(n_words: int) -> str:
    """The novels again and again, one sentence in each paragraph exchanged for another, an emoji now and then.

    The same text each time; at least `n_words` words, at most a paragraph more.
    """
    chance = random.Random(n_words)
    paragraphs = [re.split(r"(?<=[.!?]) ", paragraph) for paragraph in novels()]
    sentences = [sentence for paragraph in paragraphs for sentence in paragraph]
    written: list[str] = []
    n_written = 0
    while True:
        for paragraph in paragraphs:
            if n_written >= n_words:
                return "\n\n".join(written)
            changed = list(paragraph)
            changed[chance.randrange(len(changed))] = chance.choice(sentences)
            if chance.random() < 0.05:
                changed.append(chance.choice("🙂🌧🚂"))
            written.append(" ".join(changed))
            n_written += len(written[-1].split())


def keys(n_keys: int) -> str:
    """What a writer types: prose with its paragraphs, without capitals, which would take two keys."""
    return re.sub(r"[^a-z ,.\n]", "", "\n".join(novels()).lower())[:n_keys]


def add_passages(document: Document, n_passages: int) -> None:
    """Let the model have written `n_passages` passages, all over the text."""
    for i in range(n_passages):
        at = (2 * i + 1) * len(document) // (2 * n_passages)
        document.replace(at, at, _PASSAGE, Author.MODEL, f"g{i}")
