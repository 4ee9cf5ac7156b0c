"""KVCache: the keys and values of what the model has read, and the tokens they stand for."""

from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from writer.engine.config import ModelConfig

# Added to attention scores of slots a row must not see; exp() of it is exactly zero in float32.
HIDDEN = np.float32(-1e9)
NOBODY = -1  # owns a slot that belongs to no branch


class StepBinding(Protocol):
    """The session's inputs and outputs bound to one cache's buffers."""


class KVCache:
    """`n_slots` slots of past keys and values, shared in place with the network.

    The first `len(token_ids)` slots are the trunk: one text, slot number = position. After `fork(n)` further slots
    belong to n branches, each a continuation of the trunk that sees the trunk and itself only, its
    positions counted on from the trunk's end. Rewinding moves a length back; stale slots are overwritten.
    Used by one thread at a time (the engine's).
    """

    def __init__(self, config: ModelConfig, n_slots: int) -> None:
        self.n_slots = n_slots
        self.token_ids: list[int] = []
        self.branches: list[list[int]] = []
        self._owners: list[int] = []  # of each slot after the trunk: which branch, or NOBODY
        shape = (1, config.n_kv_head, n_slots, config.head_dim)
        names = [f"{layer}.{part}" for layer in range(config.n_layer) for part in ("key", "value")]
        # np.zeros asks the system for pages lazily: an empty cache costs almost nothing.
        self.buffers: dict[str, NDArray[np.float32]] = {name: np.zeros(shape, np.float32) for name in names}
        self.binding: StepBinding | None = None

    @property
    def n_used(self) -> int:
        """Slots in use: the trunk and every branch."""
        return len(self.token_ids) + len(self._owners)

    @property
    def n_bytes(self) -> int:
        return sum(buffer.nbytes for buffer in self.buffers.values())

    def common_prefix(self, token_ids: Sequence[int]) -> int:
        """How many leading tokens the trunk shares with `token_ids`."""
        pairs = zip(self.token_ids, token_ids, strict=False)
        return next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(self.token_ids), len(token_ids)))

    def truncate(self, n_tokens: int) -> None:
        """Keep the first `n_tokens` of the trunk and no branches."""
        if not 0 <= n_tokens <= len(self.token_ids):
            raise ValueError(f"cannot keep {n_tokens} of {len(self.token_ids)} tokens")
        del self.token_ids[n_tokens:]
        self.branches.clear()
        self._owners.clear()

    def fork(self, n_branches: int) -> None:
        """Begin `n_branches` empty branches at the trunk's end (earlier ones are dropped)."""
        self.truncate(len(self.token_ids))
        self.branches.extend([] for _ in range(n_branches))

    def adopt(self, branch: int) -> None:
        """Make `branch` part of the trunk and drop the others: its slots are copied together."""
        begin = len(self.token_ids)
        slots = [begin + i for i, owner in enumerate(self._owners) if owner == branch]
        for buffer in self.buffers.values():
            buffer[:, :, begin : begin + len(slots)] = buffer[:, :, slots]
        self.token_ids.extend(self.branches[branch])
        self.branches.clear()
        self._owners.clear()

    def rewind_branch(self, branch: int, n_tokens: int) -> None:
        """Keep the first `n_tokens` of a branch. The slots of the others stay in use, unseen, until the branches go."""
        slots = [i for i, owner in enumerate(self._owners) if owner == branch]
        for slot in slots[n_tokens:]:
            self._owners[slot] = NOBODY
        del self.branches[branch][n_tokens:]

    def append(self, token_ids: Sequence[int]) -> None:
        """Record tokens the network has just added to the trunk."""
        self.token_ids.extend(token_ids)

    def append_branches(self, token_ids: Iterable[tuple[int, int]]) -> None:
        """Record (branch, token) in slot order."""
        for branch, token_id in token_ids:
            self.branches[branch].append(token_id)
            self._owners.append(branch)

    def branch_bias(self, branches: Sequence[int]) -> NDArray[np.float32]:
        """(1, 1, T, S): which slots each of T new rows, one for each of `branches`, may see."""
        owners = np.array([*self._owners, *branches])
        hidden = owners[None, :] != np.array(branches)[:, None]
        bias = np.zeros((len(branches), len(self.token_ids) + len(owners)), np.float32)
        bias[:, len(self.token_ids) :][hidden] = HIDDEN
        return bias[None, None]
