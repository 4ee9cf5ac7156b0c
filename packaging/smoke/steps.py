"""What the steps have in common."""

LEAST_WORDS = 8  # of the model's; a model that writes at all writes more


class StepError(Exception):
    """One sentence."""


def last_line(text: str) -> str:
    """What a program said last."""
    return (text.strip().splitlines() or [""])[-1]
