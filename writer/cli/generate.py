"""`writer generate`: stream a continuation to stdout."""

import argparse
import dataclasses
import json
import sys
from contextlib import closing
from typing import Any

from writer.assist.presets import default_config
from writer.engine.config import GenerationConfig
from writer.engine.events import Finished, GenerationStatistics, Token
from writer.errors import UsageError

_LISTS = ("dry_breakers", "logit_bias", "banned_words", "stop_strings")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = "Continue a text. The text goes to stdout, statistics to stderr."
    parser.add_argument("prompt", metavar="PROMPT|-", help="the text to continue; - reads it from stdin")
    parser.add_argument("--model", metavar="ID", help="an installed model (see writer models list)")
    parser.add_argument("--precision", metavar="P", help="fp32, int8, int8-blocks or int4, as far as built")
    parser.add_argument("--threads", type=int, metavar="N", help="processor threads to use")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="where the model runs")
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
    """The options given, over the preset that a window starts with. Raises UsageError for values out of range."""
    given: dict[str, Any] = {}
    for field in dataclasses.fields(GenerationConfig):
        value = getattr(options, field.name)
        if value is not None:
            given[field.name] = tuple(value) if field.name in _LISTS else value
    if "logit_bias" in given:
        given["logit_bias"] = tuple(_word_bias(item) for item in given["logit_bias"])
    return dataclasses.replace(default_config(), **given)


def _word_bias(item: str) -> tuple[str, float]:
    word, separator, value = item.rpartition("=")
    try:
        return word, float(value) if separator else float("nan")
    except ValueError:
        raise UsageError(f"{item!r} is no word bias.", "Write it as WORD=VALUE, for example lighthouse=2.") from None


def run(options: argparse.Namespace) -> int:
    config = config_from(options)
    prompt = sys.stdin.read() if options.prompt == "-" else options.prompt
    if not prompt.strip():
        raise UsageError("The prompt is empty.", "Give some text to continue.")
    from writer.cli.loading import check_precision, load_model
    from writer.engine.generate import generate

    precision = check_precision(options.precision) if options.precision else None
    model = load_model(options.model, precision, options.threads, options.device)
    text, statistics, reason = "", None, "stopped"
    try:
        with closing(generate(model.session, model.tokenizer, model.cache, prompt, config)) as events:  # type: ignore[type-var]
            for event in events:
                if isinstance(event, Token):
                    text += event.text
                    if not options.json:
                        sys.stdout.write(event.text)
                        sys.stdout.flush()
                elif isinstance(event, Finished):
                    statistics, reason = event.statistics, event.reason.value
    except KeyboardInterrupt:
        print(file=sys.stderr)
    if options.json:
        values = {"model": model.installed.id, "text": text, "reason": reason}
        values["statistics"] = _statistics_json(statistics)
        print(json.dumps(values, ensure_ascii=False))
    else:
        print()
    if options.stats and statistics:
        print(_statistics_line(model.installed.id, statistics), file=sys.stderr)
    return 0 if statistics else 130


def _statistics_json(statistics: GenerationStatistics | None) -> Any:
    if statistics is None:
        return None
    return {**dataclasses.asdict(statistics), "tokens_per_s": round(statistics.tokens_per_s, 2)}


def _statistics_line(model_id: str, statistics: GenerationStatistics) -> str:
    return (
        f"{model_id}: read {statistics.prompt_tokens} tokens in {statistics.prefill_s:.2f} s, "
        f"wrote {statistics.new_tokens} in {statistics.decode_s:.2f} s "
        f"({statistics.tokens_per_s:.1f} tokens/s), seed {statistics.seed}"
    )
