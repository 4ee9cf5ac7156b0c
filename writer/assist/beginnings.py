"""How a continuation begins."""

from writer.engine.text_rules import Verdict


class NoBlankBeginning:
    """After a line break that the writer has made, the model begins with a word: not with another line break, nor with
    a space."""

    def look(self, text: str, n_safe: int, *, is_over: bool) -> Verdict:
        return Verdict(0, unwanted_from=0) if text[:1].isspace() else Verdict(len(text))
