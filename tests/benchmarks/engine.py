"""Prefill of 256 tokens and decoding of 64 more: this engine and its peers on the same GPT-2 of medium's shape.

Each engine runs in a process of its own that sleeps while the others are measured; rounds alternate between them, and
the medians are compared. `make bench` measures this engine alone, `make bench-peers` all of them.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.benchmarks import medium
from writer.engine.cpu import cpu_features
from writer.models.precision import Precision

N_PROMPT, N_NEW, N_THREADS = 256, 64, 2
PROMPT = np.random.default_rng(1).integers(0, 50_000, N_PROMPT).tolist()
TOLD_FEATURES = ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "avx512_bf16", "amx_int8")

# One pass: yields once when the prompt is read, then once for each new token.
Pass = Callable[[], Iterator[None]]


def own(precision: Precision) -> Callable[[Path], Pass]:
    def load(folder: Path) -> Pass:
        from writer.engine.session import ModelSession
        from writer.models.checkpoint import open_checkpoint

        config = open_checkpoint(medium.hugging_face_folder(folder)).config
        session = ModelSession.load(medium.own_graph(folder, precision), config, n_threads=N_THREADS)
        cache = session.new_cache()

        def one_pass() -> Iterator[None]:
            cache.truncate(0)
            progress = session.prefill(cache, PROMPT)
            while True:
                try:
                    next(progress)
                except StopIteration as done:
                    logits = done.value
                    break
            yield
            for _ in range(N_NEW):
                logits = session.decode_step(cache, int(logits.argmax()))
                yield

        return one_pass

    return load


def llama_cpp(quantization: str) -> Callable[[Path], Pass]:
    def load(folder: Path) -> Pass:
        from llama_cpp import Llama

        path = str(medium.gguf_file(folder, quantization))
        llama = Llama(path, n_ctx=1024, n_threads=N_THREADS, n_threads_batch=N_THREADS, n_batch=N_PROMPT, verbose=False)

        def one_pass() -> Iterator[None]:
            llama.reset()
            llama.eval(PROMPT)
            yield
            for token_id in PROMPT[:N_NEW]:
                llama.eval([token_id])
                yield

        return one_pass

    return load


def ctranslate2(quantization: str) -> Callable[[Path], Pass]:
    def load(folder: Path) -> Pass:
        import ctranslate2 as library

        converted = str(medium.ctranslate2_folder(folder, quantization))
        generator = library.Generator(converted, compute_type=quantization, intra_threads=N_THREADS)
        tokens = json.loads((medium.hugging_face_folder(folder) / "vocab.json").read_text(encoding="utf-8"))
        by_id = {token_id: token for token, token_id in tokens.items()}
        prompt = [by_id[token_id] for token_id in PROMPT]

        def one_pass() -> Iterator[None]:
            for _ in generator.generate_tokens(
                prompt, max_length=N_NEW + 1, min_length=N_NEW + 1, sampling_topk=1, end_token=[]
            ):
                yield

        return one_pass

    return load


def transformers(folder: Path) -> Pass:
    import torch
    from transformers import GPT2LMHeadModel

    torch.set_num_threads(N_THREADS)
    model = GPT2LMHeadModel.from_pretrained(medium.hugging_face_folder(folder)).eval()

    @torch.inference_mode()
    def one_pass() -> Iterator[None]:
        out = model(torch.tensor([PROMPT]), use_cache=True, logits_to_keep=1)
        yield
        for token_id in PROMPT[:N_NEW]:
            out = model(torch.tensor([[token_id]]), past_key_values=out.past_key_values, use_cache=True)
            yield

    return one_pass


OWN: dict[str, Callable[[Path], Pass]] = {
    "writer int8": own(Precision.INT8),
    "writer int8-blocks": own(Precision.INT8_BLOCKS),
    "writer int4": own(Precision.INT4),
    "writer fp32": own(Precision.FP32),
}
PEERS: dict[str, Callable[[Path], Pass]] = {
    "llama.cpp Q8_0": llama_cpp("Q8_0"),
    "llama.cpp Q4_0": llama_cpp("Q4_0"),
    "CTranslate2 int8": ctranslate2("int8"),
    "transformers fp32": transformers,
}


def work(name: str, folder: Path) -> None:
    """A worker: one line of JSON on stdout for each line on stdin."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the libraries print must not get between the answers
    one_pass = (OWN | PEERS)[name](folder)
    list(one_pass())
    print("ready", file=answers, flush=True)
    for _ in sys.stdin:
        moments = [time.perf_counter()]
        for _ in one_pass():
            moments.append(time.perf_counter())  # noqa: PERF401 - the clock belongs into the loop
        steps = np.diff(moments) * 1000
        figures = {"prefill_ms": float(steps[0]), "decode_ms": float(np.median(steps[1:]))}
        print(json.dumps(figures), file=answers, flush=True)


class Worker:
    def __init__(self, name: str, folder: Path) -> None:
        command = [sys.executable, __file__, "--worker", name, "--folder", str(folder)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self._answer()

    def _answer(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"a worker ended: {self._process.args}")
        return line

    def measure(self) -> dict[str, float]:
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return dict(json.loads(self._answer()))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "writer-benchmark")
    parser.add_argument("--worker")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    if options.worker:
        work(options.worker, options.folder)
        return
    names = [*OWN, *(PEERS if options.peers else ())]
    workers = {name: Worker(name, options.folder) for name in names}
    rounds: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    for n in range(options.rounds):
        for name, worker in workers.items():
            rounds[name].append(worker.measure())
        print(f"round {n + 1} of {options.rounds}", file=sys.stderr)
    features = cpu_features()
    print(f"{N_THREADS} threads; processor has: {', '.join(f for f in TOLD_FEATURES if f in features)}")
    print(f"{'engine':<22}{'prefill 256':>14}{'decode':>12}{'writer int8 is faster by':>34}")
    medians = {
        name: {key: statistics.median(r[key] for r in measured) for key in ("prefill_ms", "decode_ms")}
        for name, measured in rounds.items()
    }
    base = medians["writer int8"]
    for name, m in medians.items():
        ratios = f"{m['prefill_ms'] / base['prefill_ms']:.2f} x, {m['decode_ms'] / base['decode_ms']:.2f} x"
        print(f"{name:<22}{m['prefill_ms']:>11.0f} ms{m['decode_ms']:>9.1f} ms{ratios:>34}")


if __name__ == "__main__":
    main()
