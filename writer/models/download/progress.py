"""What a download tells while it runs."""

from dataclasses import dataclass

from writer.models.disk import amount
from writer.models.progress import Step, duration


@dataclass(frozen=True)
class DownloadProgress:
    """`done_bytes` of `total_bytes` are on the disk.

    reused_bytes -- of those done, what an earlier run had fetched already
    bytes_per_s -- over the last seconds; 0.0 while it is not known
    note -- in a writer's words, what is going on instead of bytes arriving, such as a wait; "" otherwise
    """

    done_bytes: int
    total_bytes: int
    reused_bytes: int = 0
    bytes_per_s: float = 0.0
    note: str = ""

    @property
    def left_s(self) -> float | None:
        """Seconds to go at the present speed; None while that is not known."""
        return (self.total_bytes - self.done_bytes) / self.bytes_per_s if self.bytes_per_s > 0 else None

    @property
    def step(self) -> Step:
        stage = self.note or "Downloading"
        if not self.total_bytes:
            return Step(stage)
        figures = [f"{amount(self.done_bytes)} of {amount(self.total_bytes)}"]
        if self.left_s is not None and not self.note:
            figures += [f"{self.bytes_per_s / 1e6:.1f} MB/s", f"{duration(self.left_s)} left"]
        return Step(stage, self.done_bytes, self.total_bytes, " · ".join(figures))
