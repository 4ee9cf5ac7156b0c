"""`writer bench`: how fast a model runs on this machine."""

import argparse
import json
import statistics
import sys
import time

from writer.errors import UsageError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = "Measure loading, reading and writing. Run it while the machine is otherwise quiet."
    parser.add_argument("--model", metavar="ID", help="an installed model")
    parser.add_argument("--precision", metavar="P", help="fp32, int8, int8-blocks, int4 or fp16, as far as built")
    parser.add_argument("--prompt-tokens", type=int, default=256, metavar="N", help="tokens to read (default 256)")
    parser.add_argument("--new-tokens", type=int, default=64, metavar="N", help="tokens to write (default 64)")
    parser.add_argument("--threads", type=int, metavar="N", help="processor threads to use")
    parser.add_argument("--device", choices=("cpu", "cuda"), help="where the model runs (see writer devices)")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(options: argparse.Namespace) -> int:
    from writer.cli.loading import check_precision, check_threads, load_model

    precision = check_precision(options.precision) if options.precision is not None else None
    check_threads(options.threads)
    if options.prompt_tokens < 1 or options.new_tokens < 1:
        raise UsageError("--prompt-tokens and --new-tokens must be at least 1.")
    began = time.perf_counter()
    model = load_model(options.model, precision, options.threads, options.device)
    load_s = time.perf_counter() - began
    session, cache = model.session, model.cache
    if options.prompt_tokens + options.new_tokens > session.config.n_ctx:
        raise UsageError(f"The model holds {session.config.n_ctx} tokens.", "Ask for fewer.")
    # Timings do not depend on which tokens they are; a fixed pattern keeps runs alike.
    prompt = [(i * 7919) % session.config.n_vocab for i in range(options.prompt_tokens)]
    prefills_s, first_tokens_s = [], []
    for _ in range(3):  # the first run pays for memory that the later ones find ready
        cache.truncate(0)
        began = time.perf_counter()
        reading = session.prefill(cache, prompt)
        try:
            while True:
                next(reading)
        except StopIteration as stop:
            logits = stop.value
        prefills_s.append(time.perf_counter() - began)
        first_token = int(logits.argmax())  # reading ends with the scores of the first token: no step is needed
        first_tokens_s.append(time.perf_counter() - began)
    steps_s, token = [], first_token
    for _ in range(options.new_tokens):
        began = time.perf_counter()
        token = int(session.decode_step(cache, token).argmax())
        steps_s.append(time.perf_counter() - began)
    prefill_s, decode_s = statistics.median(prefills_s), statistics.median(steps_s)
    figures = {
        "model": model.installed.id,
        "precision": model.precision,
        "device": session.device,
        "load_s": round(load_s, 3),
        "prefill_s": round(prefill_s, 4),
        "prefill_tps": round(options.prompt_tokens / prefill_s, 1),
        "decode_ms": round(decode_s * 1e3, 2),
        "decode_tps": round(1 / decode_s, 1),
        "ttft_s": round(statistics.median(first_tokens_s), 4),
        "peak_rss_bytes": _peak_rss_bytes(),
    }
    if options.json:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print(f"{name:<16} {value}")
    return 0


def _peak_rss_bytes() -> int | None:
    """Largest resident memory of this process so far; not known on Windows."""
    if sys.platform == "win32":
        return None
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
