"""ModelSession: one graph running in ONNX Runtime. The only door to onnxruntime.

The graph (see `writer.models.graph`) takes T new tokens, writes their keys and values into the cache's own
buffers, and gives logits for the rows asked for. Not thread-safe: the engine thread owns it.
"""

from collections.abc import Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from writer.engine.config import ModelConfig
from writer.engine.cpu import cpu_features, saturates_in_int8
from writer.engine.devices import CPU_PROVIDER, CUDA_PROVIDER, LOG_NOTHING, Device, DeviceError, cuda_failure, runtime
from writer.engine.events import PrefillProgress
from writer.engine.kv_cache import HIDDEN, NOBODY, KVCache
from writer.engine.threads import choose_threads
from writer.errors import WriterError

if TYPE_CHECKING:
    import onnxruntime as ort

Logits = NDArray[np.float32]

# Chunks make reading a long text cancellable, and 128 is also where it is fastest on a CPU.
PREFILL_CHUNK_TOKENS = 128
# One token alone is added up in another order than several are. The difference, some 1e-6, tips roundings at int8: so
# that what was kept cannot be told from the logits, no chunk of a longer text is that short.
_LEAST_CHUNK_TOKENS = 2
_READ_ALONG_TOKENS = 4  # as many are read in the step of the first branches
# Threads wait this long for the next step before they sleep: long enough to bridge the draw between two
# steps, short enough to leave the processor to the rest of the machine between two streams.
_SPIN_US = 2000


class ModelSession:
    """A loaded model; `config` is its shape. Our fused graphs share the cache's memory with it and run on processors;
    `writer.engine.imported_session` runs the others."""

    device: Device = "cpu"

    def __init__(self, session: "ort.InferenceSession", config: ModelConfig) -> None:
        self.config = config
        self._session = session

    @classmethod
    def load(cls, graph: Path, config: ModelConfig, *, n_threads: int | None = None) -> Self:
        """Read `graph` and prepare it to run. Raises WriterError when it cannot be read or does not fit."""
        return cls(open_graph(graph, n_threads), config)

    def new_cache(self, n_slots: int | None = None) -> KVCache:
        """An empty cache; `n_slots` may exceed n_ctx to make room for branches."""
        return KVCache(self.config, n_slots or self.config.n_ctx)

    def prefill(
        self, cache: KVCache, token_ids: Sequence[int], chunk_tokens: int = PREFILL_CHUNK_TOKENS
    ) -> Generator[PrefillProgress, None, Logits]:
        """Make `token_ids` the cache's trunk; returns the logits (V,) that follow them.

        Keeps the common prefix and reads the rest in chunks; each yield is a cancel point that leaves the
        cache holding exactly what was read. At least the last tokens are read, since logits are not kept.

        chunk_tokens -- fewer take longer in all and give way sooner; 3 at least
        """
        if not 0 < len(token_ids) <= min(self.config.n_ctx, cache.n_slots):
            raise ValueError(f"cannot read {len(token_ids)} tokens into {self.config.n_ctx}")
        reused = min(cache.common_prefix(token_ids), max(0, len(token_ids) - _LEAST_CHUNK_TOKENS))
        cache.truncate(reused)
        yield PrefillProgress(reused, len(token_ids), reused)
        while True:
            n_done = len(cache.token_ids)
            is_one_left = len(token_ids) - n_done - chunk_tokens == 1
            chunk = token_ids[n_done : n_done + chunk_tokens - is_one_left]
            logits: Logits = self.extend(cache, chunk, n_rows=1)[0]
            yield PrefillProgress(len(cache.token_ids), len(token_ids), reused)
            if len(cache.token_ids) == len(token_ids):
                return logits

    def decode_step(self, cache: KVCache, token_id: int) -> Logits:
        """Append one token to the trunk; returns the logits (V,) that follow it. Valid until the next step."""
        logits: Logits = self.extend(cache, [token_id], n_rows=1)[0]
        return logits

    def extend(self, cache: KVCache, token_ids: Sequence[int], n_rows: int) -> Logits:
        """Append T tokens to the trunk; returns the logits (n_rows, V) of the last rows. Valid until the next step."""
        if cache.branches:
            raise ValueError("the trunk cannot grow while it has branches: adopt one or truncate")
        n_new, n_past = len(token_ids), len(cache.token_ids)
        positions = np.arange(n_past, n_past + n_new)
        bias = np.zeros((1, 1, n_new, n_past + n_new), np.float32)
        logits = self._run(cache, token_ids, positions, bias, n_rows)
        cache.append(token_ids)
        return logits

    def decode_branches(self, cache: KVCache, token_ids: dict[int, int]) -> Logits:
        """Append one token to each named branch in one step; returns logits (number of branches, V), in that order.

        The tokens go in as one sequence: positions say where each stands in its own text, the bias
        hides the other branches' slots. Costs little more than one token.
        """
        branches = list(token_ids)
        positions = np.array([len(cache.token_ids) + len(cache.branches[b]) for b in branches])
        logits = self._run(cache, list(token_ids.values()), positions, cache.branch_bias(branches), len(branches))
        cache.append_branches(token_ids.items())
        return logits

    def begin_branches(
        self, cache: KVCache, trunk: Sequence[int], beginnings: Sequence[Sequence[int]]
    ) -> Generator[PrefillProgress, None, Logits]:
        """Make `trunk` the cache's trunk and fork it into branches with these tokens, of which none is empty; returns
        the logits (number of branches, V) that follow each. Each yield is a cancel point.

        All is one step where the cache lacks few tokens of the trunk: as many cost less than a step more."""
        n_kept = cache.common_prefix(trunk)
        # Where a text begins GroupQueryAttention counts rotary positions itself.
        if n_kept == 0 or len(trunk) - n_kept > _READ_ALONG_TOKENS:
            yield from self.prefill(cache, trunk)
            n_kept = len(trunk)
        cache.truncate(n_kept)
        unread = list(trunk[n_kept:])
        # The last token of each comes last, since logits are given of the last rows.
        places = [(branch, i) for branch, tokens in enumerate(beginnings) for i in range(len(tokens) - 1)]
        places += [(branch, len(tokens) - 1) for branch, tokens in enumerate(beginnings)]
        new = [(branch, beginnings[branch][i]) for branch, i in places]
        positions = np.array([*range(n_kept, len(trunk)), *(len(trunk) + i for _, i in places)])
        owners = np.array([NOBODY] * len(unread) + [branch for branch, _ in new])
        bias = np.zeros((len(positions), n_kept + len(positions)), np.float32)
        bias[:, n_kept:][(owners != NOBODY) & (owners != owners[:, None])] = HIDDEN
        token_ids = [*unread, *(token_id for _, token_id in new)]
        logits = self._run(cache, token_ids, positions, bias[None, None], len(beginnings))
        cache.append(unread)
        cache.fork(len(beginnings))
        cache.append_branches(new)
        return logits

    def _run(
        self, cache: KVCache, token_ids: Sequence[int], positions: NDArray[Any], bias: NDArray[np.float32], n_rows: int
    ) -> Logits:
        n_new, n_used = len(token_ids), cache.n_used + len(token_ids)
        if n_used > cache.n_slots:
            raise ValueError(f"{n_used} tokens do not fit into {cache.n_slots} slots")
        if positions.max() >= self.config.n_ctx:
            raise ValueError(f"position {positions.max()} lies beyond the model's {self.config.n_ctx}")
        if cache.binding is None:
            cache.binding = _CacheBinding(self._session, cache, self.config.n_vocab)
        binding = cache.binding
        assert isinstance(binding, _CacheBinding)
        inputs: dict[str, NDArray[Any]] = {
            "input_ids": np.array([token_ids], np.int64),
            "position_ids": positions[None].astype(np.int64),
            "seqlens_k": np.array([n_used - 1], np.int32),
            "total_sequence_length": np.array(n_used, np.int32),
            "attention_bias": bias,
            "logits_rows": np.arange(n_new - n_rows, n_new, dtype=np.int64),
        }
        return binding.run(inputs, n_rows)


class _CacheBinding:
    """Input and output binding of one cache: past and present are the same memory, so appending copies nothing."""

    def __init__(self, session: "ort.InferenceSession", cache: KVCache, n_vocab: int) -> None:
        self._session = session
        self._io = session.io_binding()
        self._n_vocab = n_vocab
        self._logits: Logits = np.empty((1, 0, n_vocab), np.float32)
        self._values = {name: runtime().OrtValue.ortvalue_from_numpy(b) for name, b in cache.buffers.items()}
        for name, value in self._values.items():
            self._io.bind_ortvalue_input(f"past.{name}", value)
            self._io.bind_ortvalue_output(f"present.{name}", value)

    def run(self, inputs: dict[str, NDArray[Any]], n_rows: int) -> Logits:
        for name, values in inputs.items():
            self._io.bind_cpu_input(name, values)
        if self._logits.shape[1] != n_rows:
            self._logits = np.empty((1, n_rows, self._n_vocab), np.float32)
            self._logits_value = runtime().OrtValue.ortvalue_from_numpy(self._logits)
            self._io.bind_ortvalue_output("logits", self._logits_value)
        self._session.run_with_iobinding(self._io)
        rows: Logits = self._logits[0]
        return rows


def open_graph(graph: Path, n_threads: int | None = None, device: Device = "cpu") -> "ort.InferenceSession":
    """Raises DeviceError when CUDA cannot take the model, WriterError when nothing can."""
    providers = [CUDA_PROVIDER, CPU_PROVIDER] if device == "cuda" else [CPU_PROVIDER]
    try:
        # ONNX Runtime's own fallback would print to the user's terminal and stay unknown here.
        session = runtime().InferenceSession(
            str(graph), _session_options(n_threads), providers=providers, enable_fallback=0
        )
    except Exception as error:  # ONNX Runtime's exceptions share no base class but Exception
        if device == "cuda":
            raise cuda_failure(error) from error
        raise WriterError(
            f"The model file {graph.name} cannot be opened: it is damaged, or memory does not suffice.",
            "Close other programs, or remove the model and get it again.",
        ) from error
    if providers[0] not in session.get_providers():  # a provider that does not start is left out without a word
        raise DeviceError("CUDA could not be started.")
    return session


def _session_options(n_threads: int | None) -> "ort.SessionOptions":
    options = runtime().SessionOptions()
    options.intra_op_num_threads = n_threads or choose_threads().n_threads
    options.inter_op_num_threads = 1
    options.log_severity_level = LOG_NOTHING
    options.add_session_config_entry("session.intra_op.spin_duration_us", str(_SPIN_US))
    if saturates_in_int8(cpu_features()):
        # Exact products in place of the fast ones; on processors that do not saturate it would only cost time.
        options.add_session_config_entry("session.x64quantprecision", "1")
    return options
