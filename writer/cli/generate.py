"""`writer generate`: stream a continuation to stdout."""

import argparse
import dataclasses
import io
import json
import math
import secrets
import sys
from contextlib import closing
from typing import Any

from writer.assist.presets import default_config
from writer.cli.recorder import Recorder
from writer.engine.config import GenerationConfig
from writer.engine.events import Token
from writer.errors import UsageError

_LISTS = ("dry_breakers", "logit_bias", "banned_words", "stop_strings")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = "Continue a text. The text goes to stdout, statistics to stderr."
    parser.add_argument("prompt", metavar="PROMPT|-", help="the text to continue; - reads it from stdin")
    parser.add_argument("--model", metavar="ID", help="an installed model (see writer models list)")
    parser.add_argument("--precision", metavar="P", help="fp32, int8, int8-blocks, int4 or fp16, as far as built")
    parser.add_argument("--threads", type=int, metavar="N", help="processor threads to use")
    parser.add_argument("--device", choices=("cpu", "cuda"), help="where the model runs (see writer devices)")
    parser.add_argument("--json", action="store_true", help="print one JSON object at the end in place of the text")
    parser.add_argument("--stats", action="store_true", help="print statistics to stderr at the end")
    controls = parser.add_argument_group("sampling")
    defaults = default_config()
    for field in dataclasses.fields(GenerationConfig):
        option = f"--{field.name.replace('_', '-')}"
        text = field.metadata["help"].replace("%", "%%")
        if field.name in _LISTS:
            metavar = "WORD=VALUE" if field.name == "logit_bias" else "TEXT"
            controls.add_argument(option, action="append", metavar=metavar, help=f"{text} May be given more than once.")
        else:
            kind = float if isinstance(field.default, float) else int
            default = getattr(defaults, field.name)
            shown = "" if default is None else f" (default {default})"
            controls.add_argument(option, type=kind, metavar="N", help=text + shown)


def config_from(options: argparse.Namespace) -> GenerationConfig:
    """The options given, over the preset that a window starts with. Raises UsageError for values out of range.

    The seed is drawn here where none is given, so that it is known even when the generation is stopped."""
    given: dict[str, Any] = {}
    for field in dataclasses.fields(GenerationConfig):
        value = getattr(options, field.name)
        if value is not None:
            given[field.name] = tuple(map(_checked_text, value)) if field.name in _LISTS else value
    if "logit_bias" in given:
        given["logit_bias"] = tuple(_word_bias(item) for item in given["logit_bias"])
    given.setdefault("seed", secrets.randbits(63))
    return dataclasses.replace(default_config(), **given)


def _word_bias(item: str) -> tuple[str, float]:
    word, _, value = item.rpartition("=")  # the word itself may hold a =
    try:
        bias = float(value)
    except ValueError:
        bias = math.nan
    if not word or not math.isfinite(bias):
        raise UsageError(f"{item!r} is no word bias.", "Write it as WORD=VALUE, for example lighthouse=2.")
    return word, bias


def _checked_text(text: str) -> str:
    """Raises UsageError for text that is no UTF-8: Python carries such bytes through as lone surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise UsageError("The text given is not UTF-8.", "Convert it first, for example with iconv -t UTF-8.") from None
    return text


def _read_stdin() -> str:
    if sys.stdin is None:
        raise UsageError("There is no standard input to read.", "Give the text to continue as an argument.")
    if isinstance(sys.stdin, io.TextIOWrapper):  # a pipe brings UTF-8, whatever the terminal shows
        sys.stdin.reconfigure(encoding="utf-8-sig", errors="surrogateescape")
    return sys.stdin.read()


def run(options: argparse.Namespace) -> int:
    config = config_from(options)
    if config.n_alternatives and not options.json:
        raise UsageError("--n-alternatives is only shown in JSON.", "Add --json.")
    from writer.cli.loading import check_precision, check_threads, load_model

    precision = check_precision(options.precision) if options.precision is not None else None
    check_threads(options.threads)
    prompt = _checked_text(_read_stdin() if options.prompt == "-" else options.prompt)
    if not prompt.strip():
        raise UsageError("The prompt is empty.", "Give some text to continue.")
    from writer.engine.generate import generate

    assert config.seed is not None
    recorder, model_id = Recorder(config.seed), options.model
    try:
        model = load_model(options.model, precision, options.threads, options.device)
        model_id = model.installed.id
        with closing(generate(model.session, model.tokenizer, model.cache, prompt, config)) as events:  # type: ignore[type-var]
            for event in events:
                recorder.add(event)
                if isinstance(event, Token) and not options.json:
                    sys.stdout.write(event.text)
                    sys.stdout.flush()
    except KeyboardInterrupt:
        print(file=sys.stderr)
    figures = recorder.figures()
    if options.json:
        values: dict[str, Any] = {"model": model_id, "text": recorder.text, "reason": recorder.reason}
        values["statistics"] = figures
        if config.n_alternatives:
            values["tokens"] = [dataclasses.asdict(token) for token in recorder.tokens]
        _print_json(values)
    else:
        print()
    if options.stats and figures:
        print(_statistics_line(model_id, figures), file=sys.stderr)
    return 0 if recorder.is_finished else 130


def _print_json(values: dict[str, Any]) -> None:
    """Letters as they are where stdout can take them all; escapes, which lose nothing, where it cannot."""
    is_unicode = (sys.stdout.encoding or "").lower().startswith("utf")
    print(json.dumps(values, ensure_ascii=not is_unicode))


def _statistics_line(model_id: str, figures: dict[str, Any]) -> str:
    return (
        f"{model_id}: read {figures['prompt_tokens']} tokens in {figures['prefill_s']:.2f} s, "
        f"wrote {figures['new_tokens']} in {figures['decode_s']:.2f} s "
        f"({figures['tokens_per_s']:.1f} tokens/s), seed {figures['seed']}"
    )
