"""`writer devices`: where models can run on this machine, where they do, and why."""

import argparse
import dataclasses
import json

from writer.engine.devices import DeviceReport, describe_devices


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = "Show what a model can run on here, what is used, and why."
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(options: argparse.Namespace) -> int:
    report = describe_devices()
    if options.json:
        print(json.dumps(dataclasses.asdict(report), indent=2))
    else:
        print("\n".join(_lines(report)))
    return 0


def _lines(report: DeviceReport) -> list[str]:
    has = [name for name, is_present in report.instruction_sets.items() if is_present]
    lacks = [name for name, is_present in report.instruction_sets.items() if not is_present]
    sets = f"has {', '.join(has) or 'none'}" + (f"; lacks {', '.join(lacks)}" if lacks else "")
    lines = [
        f"{'ONNX Runtime':<14}{report.runtime_version}",
        f"{'processor':<14}{report.processor} ({report.machine}), {sets}",
        f"{'threads':<14}{report.threads.n_threads}: {report.threads.reason}; at most {report.most_threads}",
    ]
    for offered in report.offered:
        name = offered.device or offered.provider.removesuffix("ExecutionProvider")
        lines.append(f"{name:<14}{'used' if offered.is_used else 'not used'}. {offered.reason}")
    return [*lines, report.note] if report.note else lines
