"""What came of a generation so far: a stopped one says nothing of itself, and is reported all the same."""

import dataclasses
import time
from typing import Any

from writer.engine.events import Finished, GenerationEvent, GenerationStatistics, PrefillProgress, TakenBack, Token


class Recorder:
    """Takes every event. `reason` is "stopped" until the generation has finished by itself."""

    def __init__(self, seed: int) -> None:
        self.text = ""
        self.tokens: list[Token] = []
        self.reason = "stopped"
        self._seed = seed
        self._began: PrefillProgress | None = None
        self._began_s = 0.0
        self._read_s: float | None = None  # when the whole prompt had been read
        self._statistics: GenerationStatistics | None = None

    @property
    def is_finished(self) -> bool:
        return self._statistics is not None

    def add(self, event: GenerationEvent) -> None:
        if isinstance(event, Token):
            self.text += event.text
            self.tokens.append(event)
        elif isinstance(event, TakenBack):
            self.text = self.text.removesuffix(event.text)
            del self.tokens[len(self.tokens) - event.n_tokens :]
            self._share_out()
        elif isinstance(event, Finished):
            self.reason, self._statistics = event.reason.value, event.statistics
        elif self._read_s is None:  # later on it is a long text's window that moves
            if self._began is None:
                self._began, self._began_s = event, time.perf_counter()
            if event.done_tokens == event.total_tokens:
                self._read_s = time.perf_counter()

    def _share_out(self) -> None:
        """A token that does not stand may have brought text of those before it, which does: the last one gets it."""
        rest = self.text
        for i, token in enumerate(self.tokens):
            n = len(token.text) if i + 1 < len(self.tokens) else len(rest)
            self.tokens[i], rest = dataclasses.replace(token, text=rest[:n]), rest[n:]

    def figures(self) -> dict[str, Any] | None:
        """The engine's own statistics, or what was seen until now; None before the prompt is counted.

        Which part of the prompt a stopped generation was shown is not known: `window_start_char` is None."""
        if self._statistics:
            figures = dataclasses.asdict(self._statistics)
            return {**figures, "tokens_per_s": round(self._statistics.tokens_per_s, 2)}
        if self._began is None:
            return None
        now = time.perf_counter()
        prefill_s = (self._read_s or now) - self._began_s
        decode_s = now - self._read_s if self._read_s else 0.0
        return {
            "prompt_tokens": self._began.total_tokens,
            "reused_tokens": self._began.reused_tokens,
            "new_tokens": len(self.tokens),
            "prefill_s": prefill_s,
            "decode_s": decode_s,
            "seed": self._seed,
            "window_start_char": None,
            "tokens_per_s": round(len(self.tokens) / decode_s, 2) if decode_s else 0.0,
        }
