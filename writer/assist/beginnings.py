"""How a continuation begins."""

from writer.engine.text_rules import Verdict

# Who presses a key to have the text go on has mostly finished the word before: "again" does not become "against" as
# often as the model would have it. Nats; a choice, by which one in twenty is thought to stand within a word.
FINISHED_WORD = 3.0


class NoBlankBeginning:
    """After a line break that the writer has made, the model begins with a word: not with another line break, nor with
    a space."""

    def look(self, text: str, n_safe: int, *, is_over: bool) -> Verdict:
        return Verdict(0, unwanted_from=0) if text[:1].isspace() else Verdict(len(text))
