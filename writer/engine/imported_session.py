"""ImportedSession: a graph that another program exported, or our own for CUDA, behind the interface of ModelSession.

Such a graph takes `past_key_values.N.key` and `.value` (1, KV, P, D) and gives `present.N.key` and `.value`, which hold
T slots more: every step hands the last one's presents over as its past. What the graph cannot say of itself stands in
its metadata, written when it was imported (`writer.models.imported`).
"""

import json
import math
import re
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from writer.engine.config import ModelConfig
from writer.engine.devices import Device, DeviceError, cuda_failure, runtime
from writer.engine.events import PrefillProgress
from writer.engine.kv_cache import KVCache
from writer.engine.session import PREFILL_CHUNK_TOKENS, Logits, ModelSession, open_graph
from writer.errors import WriterError

if TYPE_CHECKING:
    import onnxruntime as ort

# Keys of the metadata, whose values are JSON.
START_TOKENS_KEY = "writer.start_token_ids"  # read before every text, and counted in no length below
ONE_BY_ONE_KEY = "writer.one_by_one"  # the graph takes one token at a time once there is a past

PAST_NAME = re.compile(r"past_key_values\.(\d+)\.(key|value)")
# Inputs that some exporters add for the number of rows to give logits for.
ROW_COUNT_NAMES = ("num_logits_to_keep", "logits_to_keep")

# Reading a text afresh in one step costs about as much as this share of it token by token.
_AFRESH_SHARE = 8

Past = tuple["ort.OrtValue", ...]


class PastCache(KVCache):
    """The trunk's past, and that of each branch, which begins as the trunk's own: pasts are never written to."""

    def __init__(self, config: ModelConfig, n_slots: int, n_start: int, device: Device) -> None:
        super().__init__(replace(config, n_layer=0), n_slots)  # no buffers: the graph makes its own at every step
        self.past: Past | None = None
        self.branch_pasts: list[Past | None] = []
        self.device = device
        self._n_start = n_start

    @property
    def n_bytes(self) -> int:
        values = [*(self.past or ()), *(value for past in self.branch_pasts for value in past or ())]
        sizes = {id(value): math.prod(value.shape()) * (2 if "16" in value.data_type() else 4) for value in values}
        return sum(sizes.values())

    def truncate(self, n_tokens: int) -> None:
        is_shorter = n_tokens < len(self.token_ids)
        super().truncate(n_tokens)
        self.branch_pasts.clear()
        if n_tokens == 0:
            self.past = None
        elif is_shorter and self.past is not None:
            n_slots = self._n_start + n_tokens
            self.past = tuple(_shortened(value, n_slots) for value in self.past)

    def fork(self, n_branches: int) -> None:
        super().fork(n_branches)
        self.branch_pasts = [self.past] * n_branches

    def rewind_branch(self, branch: int, n_tokens: int) -> None:
        is_shorter = n_tokens < len(self.branches[branch])
        super().rewind_branch(branch, n_tokens)
        past = self.branch_pasts[branch]
        if is_shorter and past is not None:
            n_slots = self._n_start + len(self.token_ids) + n_tokens
            self.branch_pasts[branch] = tuple(_shortened(value, n_slots) for value in past)

    def adopt(self, branch: int) -> None:
        self.past = self.branch_pasts[branch]
        super().adopt(branch)
        self.branch_pasts.clear()


def _shortened(value: "ort.OrtValue", n_slots: int) -> "ort.OrtValue":
    shorter = np.ascontiguousarray(value.numpy()[:, :, :n_slots])
    return runtime().OrtValue.ortvalue_from_numpy(shorter, value.device_name())


class ImportedSession(ModelSession):
    """Branches are run one after the other: several tokens of one step would see each other."""

    def __init__(
        self,
        session: "ort.InferenceSession",
        config: ModelConfig,
        device: Device = "cpu",
        open_on_cpu: Callable[[], "ort.InferenceSession"] | None = None,
    ) -> None:
        """`open_on_cpu` gives the session that takes over when `device` fails in the middle of a text.

        Raises WriterError for a graph without ordinary past inputs."""
        super().__init__(session, config)
        self.device = device
        self._open_on_cpu = open_on_cpu
        metadata = session.get_modelmeta().custom_metadata_map
        self._start_ids: list[int] = _read(metadata, START_TOKENS_KEY, [])
        self._is_one_by_one: bool = _read(metadata, ONE_BY_ONE_KEY, False)
        inputs = {value.name: value for value in session.get_inputs()}
        self._past_names = [name for name in inputs if PAST_NAME.fullmatch(name)]
        self._present_names = [name.replace("past_key_values", "present") for name in self._past_names]
        self._integer_types = {
            name: np.int32 if value.type == "tensor(int32)" else np.int64
            for name, value in inputs.items()
            if name not in self._past_names
        }
        if not self._past_names or "input_ids" not in inputs:
            raise WriterError("The model's graph takes no past.", "Import the model again.")
        self._past_type = np.float16 if inputs[self._past_names[0]].type == "tensor(float16)" else np.float32
        self._no_past = self._zeros(0)

    @classmethod
    def load(cls, graph: Path, config: ModelConfig, *, n_threads: int | None = None, device: Device = "cpu") -> Self:
        """Raises DeviceError when CUDA cannot take the graph, WriterError when nothing can."""
        return cls(open_graph(graph, n_threads, device), config, device, partial(open_graph, graph, n_threads))

    def new_cache(self, n_slots: int | None = None) -> PastCache:
        return PastCache(self.config, n_slots or self.config.n_ctx, len(self._start_ids), self.device)

    def blank_cache(self, n_tokens: int) -> PastCache:
        """As if that many tokens had been read, with a past of zeros: shows cheaply whether a text may be so long."""
        cache = self.new_cache()
        cache.append([0] * n_tokens)
        cache.past = self._zeros(len(self._start_ids) + n_tokens)
        return cache

    def _zeros(self, n_slots: int) -> Past:
        zeros = np.zeros((1, self.config.n_kv_head, n_slots, self.config.head_dim), self._past_type)
        return (runtime().OrtValue.ortvalue_from_numpy(zeros),) * len(self._past_names)

    def prefill(
        self, cache: KVCache, token_ids: Sequence[int], chunk_tokens: int = PREFILL_CHUNK_TOKENS
    ) -> Generator[PrefillProgress, None, Logits]:
        assert isinstance(cache, PastCache)
        self._leave_lost_device(cache)
        if not self._is_one_by_one or not 0 < len(token_ids) <= min(self.config.n_ctx, cache.n_slots):
            return (yield from super().prefill(cache, token_ids, chunk_tokens))
        reused = min(cache.common_prefix(token_ids), len(token_ids) - 1)
        if (len(token_ids) - reused) * _AFRESH_SHARE > len(token_ids):
            reused = 0
        cache.truncate(reused)
        yield PrefillProgress(reused, len(token_ids), reused)
        while True:
            chunk = token_ids[len(cache.token_ids) :][: 1 if cache.token_ids else None]
            logits: Logits = self.extend(cache, chunk, n_rows=1)[0]
            yield PrefillProgress(len(cache.token_ids), len(token_ids), reused)
            if len(cache.token_ids) == len(token_ids):
                return logits

    def extend(self, cache: KVCache, token_ids: Sequence[int], n_rows: int) -> Logits:
        assert isinstance(cache, PastCache)
        if cache.branches:
            raise ValueError("the trunk cannot grow while it has branches: adopt one or truncate")
        self._check_room(cache, len(token_ids), len(cache.token_ids) + len(token_ids))
        logits, cache.past = self._advance(cache.past, len(cache.token_ids), token_ids, n_rows)
        cache.append(token_ids)
        return logits

    def decode_branches(self, cache: KVCache, token_ids: dict[int, int]) -> Logits:
        assert isinstance(cache, PastCache)
        lengths = {branch: len(cache.token_ids) + len(cache.branches[branch]) for branch in token_ids}
        self._check_room(cache, len(token_ids), max(lengths.values()) + 1)
        rows = []
        for branch, token_id in token_ids.items():
            past = cache.branch_pasts[branch]
            row, cache.branch_pasts[branch] = self._advance(past, lengths[branch], [token_id], 1)
            rows.append(row)
        cache.append_branches(token_ids.items())
        return np.concatenate(rows)

    def begin_branches(
        self, cache: KVCache, trunk: Sequence[int], beginnings: Sequence[Sequence[int]]
    ) -> Generator[PrefillProgress, None, Logits]:
        assert isinstance(cache, PastCache)
        self._leave_lost_device(cache)
        if cache.common_prefix(trunk) < len(trunk):
            yield from self.prefill(cache, trunk)
        cache.truncate(len(trunk))
        self._check_room(cache, sum(map(len, beginnings)), len(trunk) + max(map(len, beginnings)))
        cache.fork(len(beginnings))
        rows = []
        for branch, token_ids in enumerate(beginnings):
            row, cache.branch_pasts[branch] = self._advance(cache.past, len(trunk), token_ids, 1)
            cache.append_branches((branch, token_id) for token_id in token_ids)
            rows.append(row)
            yield PrefillProgress(len(trunk), len(trunk), len(trunk))
        return np.concatenate(rows)

    def _leave_lost_device(self, cache: PastCache) -> None:
        """What was read on a device that has failed lies where nobody can reach it any more."""
        if cache.device != self.device:
            cache.truncate(0)
            cache.device = self.device

    def _check_room(self, cache: KVCache, n_new: int, n_text: int) -> None:
        if cache.n_used + n_new > cache.n_slots:
            raise ValueError(f"{cache.n_used + n_new} tokens do not fit into {cache.n_slots} slots")
        if n_text > self.config.n_ctx:
            raise ValueError(f"position {n_text - 1} lies beyond the model's {self.config.n_ctx}")

    def _advance(self, past: Past | None, n_read: int, token_ids: Sequence[int], n_rows: int) -> tuple[Logits, Past]:
        """Read `token_ids` after a text of `n_read`; returns logits (n_rows, V) and the new past."""
        if past is None:
            return self._step(None, 0, [*self._start_ids, *token_ids], n_rows)
        n_past = len(self._start_ids) + n_read
        if not self._is_one_by_one:
            return self._step(past, n_past, token_ids, n_rows)
        rows = []
        for i, token_id in enumerate(token_ids):
            row, past = self._step(past, n_past + i, [token_id], 1)
            rows.append(row)
        return np.concatenate(rows[-n_rows:]), past

    def _step(self, past: Past | None, n_past: int, token_ids: Sequence[int], n_rows: int) -> tuple[Logits, Past]:
        n_new = len(token_ids)
        inputs: dict[str, NDArray[Any]] = {
            "input_ids": np.array([token_ids]),
            "attention_mask": np.ones((1, n_past + n_new)),
            "position_ids": np.arange(n_past, n_past + n_new)[None],
        }
        inputs |= {name: np.array(n_rows) for name in ROW_COUNT_NAMES}
        io = self._session.io_binding()
        for name, integer in self._integer_types.items():
            # Merged decoders hold two networks, one of which takes no past.
            is_switch = name == "use_cache_branch"
            io.bind_cpu_input(name, np.array([past is not None]) if is_switch else inputs[name].astype(integer))
        for name, value in zip(self._past_names, past or self._no_past, strict=True):
            io.bind_ortvalue_input(name, value)
        io.bind_output("logits", "cpu")
        for name in self._present_names:
            io.bind_output(name, self.device)
        try:
            self._session.run_with_iobinding(io)
        except Exception as error:  # ONNX Runtime's exceptions share no base class but Exception
            if self.device == "cpu":
                raise
            raise self._left_device(error) from error
        logits, *presents = io.get_outputs()
        rows: Logits = logits.numpy()[0, -n_rows:].astype(np.float32, copy=False)
        return rows, tuple(presents)

    def _left_device(self, error: Exception) -> DeviceError:
        """Go over to the processor, and say so: this step is lost, but nothing of the text. What a cache held on the
        device is read again. Raises WriterError where the processor cannot take the model either."""
        assert self._open_on_cpu is not None
        self._session = self._open_on_cpu()
        self.device = "cpu"
        failure = cuda_failure(error)
        return DeviceError(f"{failure.message} The model runs on the processor from here on.", "Continue once more.")


def _read(metadata: Mapping[str, str], key: str, default: Any) -> Any:
    return json.loads(metadata[key]) if key in metadata else default
