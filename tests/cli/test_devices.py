"""`writer devices`, and options that name a device or threads."""

import json
import os
from pathlib import Path

import pytest

from tests.cli.run_writer import assert_one_line, writer


def test_devices_are_told_in_lines_and_in_json(writer_home: Path) -> None:
    result = writer("devices", home=writer_home)
    assert result.returncode == 0, result.stderr
    lines = dict(line.split(maxsplit=1) for line in result.stdout.splitlines())
    assert lines["cpu"].startswith("used.")
    assert lines["cuda"].startswith("not used. ")
    report = json.loads(writer("devices", "--json", home=writer_home).stdout)
    assert lines["ONNX"] == f"Runtime  {report['runtime_version']}"
    assert lines["threads"].startswith(f"{report['threads']['n_threads']}: {report['threads']['reason']}")
    assert report["used"] == "cpu"
    for name, is_present in report["instruction_sets"].items():
        assert name in lines["processor"].partition("lacks" if not is_present else "has")[2]


@pytest.mark.parametrize("command", [("generate", "x"), ("bench",)])
def test_more_threads_than_processors_are_refused_at_once(command: tuple[str, ...], poem_home: Path) -> None:
    line = assert_one_line(writer(*command, "--threads", "100000", home=poem_home), 2)
    assert f"from 1 to {os.cpu_count()}" in line


def test_cuda_that_cannot_be_had_is_one_line_and_the_text_comes(poem_home: Path, poem: str) -> None:
    result = writer("generate", "Tyger Tyger,", "--device", "cuda", "--temperature", "0", home=poem_home)
    line = assert_one_line(result, 0)
    assert line.endswith("The model runs on the processor.")
    assert result.stdout.startswith(" burning bright")


def test_a_measurement_names_its_device_and_form(poem_home: Path) -> None:
    options = ("--prompt-tokens", "8", "--new-tokens", "4", "--json")
    figures = json.loads(writer("bench", "--device", "cpu", *options, home=poem_home).stdout)
    assert (figures["device"], figures["precision"]) == ("cpu", "int8")
