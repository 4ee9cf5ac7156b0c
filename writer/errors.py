"""Errors whose text may be shown to a writer as it stands."""


class WriterError(Exception):
    """Something the user can understand and act upon.

    Lower layers raise it; only a front end (`ui`, `cli`) shows it.

    message -- one sentence: what went wrong.
    hint    -- one sentence: what to do about it ("" when there is nothing to add).
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class UsageError(WriterError):
    """The request itself is wrong (an unknown option, a value out of bounds): exit status 2."""
