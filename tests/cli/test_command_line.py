"""The command line as a user runs it: a process of its own, with a small model of its own."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cli.run_writer import assert_one_line, writer
from writer.cli.main import main
from writer.engine.config import GenerationConfig
from writer.engine.session import ModelSession


def test_generate_writes_the_text_and_nothing_else(poem_home: Path, poem: str) -> None:
    prompt = poem.partition("\n")[0]
    result = writer("generate", prompt, "--temperature", "0", "--repetition-penalty", "1", home=poem_home)
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    assert prompt + result.stdout.rstrip("\n") == poem.rstrip("\n")


def test_same_seed_same_text(poem_home: Path) -> None:
    options = ("--temperature", "4", "--min-p", "0", "--max-new-tokens", "30")
    runs = [writer("generate", "Tyger", "--seed", seed, *options, home=poem_home).stdout for seed in ("7", "7", "8")]
    assert runs[0] == runs[1] != runs[2]


def test_the_prompt_may_come_from_a_pipe(poem_home: Path) -> None:
    given = writer("generate", "Tyger Tyger", "--temperature", "0", home=poem_home)
    piped = writer("generate", "-", "--temperature", "0", home=poem_home, stdin="Tyger Tyger")
    assert piped.returncode == 0
    assert piped.stdout == given.stdout


def test_statistics_go_to_stderr_and_json_is_json(poem_home: Path) -> None:
    result = writer("generate", "Tyger", "--stats", "--max-new-tokens", "5", "--seed", "1", home=poem_home)
    assert "tokens" in result.stderr
    assert "tokens/s" not in result.stdout
    as_json = writer("generate", "Tyger", "--json", "--max-new-tokens", "5", "--seed", "1", home=poem_home)
    assert all(isinstance(json.loads(line), dict) for line in as_json.stdout.splitlines())
    assert as_json.stdout


def test_every_sampler_setting_is_an_option(poem_home: Path) -> None:
    help_text = writer("generate", "--help", home=poem_home).stdout
    for name in GenerationConfig.__dataclass_fields__:
        if name != "n_alternatives":
            assert (
                "--" + name.replace("_", "-") in help_text or "--" + name.rstrip("s").replace("_", "-") in help_text
            ), name


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["generate", "x", "--temperature", "-1"], "temperature"),
        (["generate", "x", "--top-p", "two"], "top-p"),
        (["generate"], "PROMPT"),
        (["generate", ""], "prompt is empty"),
        (["generate", "x", "--no-such-option"], "no-such-option"),
        (["models"], ""),
        (["models", "frobnicate"], "frobnicate"),
        (["bench", "--new-tokens", "-4"], ""),
        (["generate", "x", "--precision", "int9"], "int9"),
        (["generate", "x", "--precision", ""], "no precision ''"),
        (["bench", "--precision", "int9"], "int9"),
        (["models", "build", "x", "--id", "y", "--precision", "int9"], "int9"),
        (["models", "get", "starter", "--precision", "int8,int9"], "int9"),
        (["generate", "x", "--threads", "0"], "--threads"),
        (["generate", "x", "--threads", "-2"], "--threads"),
        (["bench", "--threads", "0"], "--threads"),
        (["generate", "x", "--logit-bias", "foo"], "'foo' is no word bias. Write it as WORD=VALUE"),
        (["generate", "x", "--logit-bias", "foo=bar"], "'foo=bar' is no word bias"),
        (["generate", "x", "--logit-bias", "foo=nan"], "'foo=nan' is no word bias"),
        (["generate", "x", "--logit-bias", "foo=inf"], "'foo=inf' is no word bias"),
        (["generate", "x", "--logit-bias", "=2"], "'=2' is no word bias"),
        (["generate", "x", "--n-alternatives", "3"], "Add --json"),
    ],
)
def test_wrong_usage_is_one_line_and_status_2(arguments: list[str], words: str, poem_home: Path) -> None:
    assert words in assert_one_line(writer(*arguments, home=poem_home), 2)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["generate", "x", "--model", "peom"], "poem"),
        (["models", "info", "nothing"], "nothing"),
        (["models", "remove", "nothing"], "nothing"),
        (["models", "get", "no-such-model"], "no-such-model"),
        (["models", "build", "/does/not/exist", "--id", "new"], "exist"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_status_1(arguments: list[str], words: str, poem_home: Path) -> None:
    assert words in assert_one_line(writer(*arguments, home=poem_home), 1)


def test_a_million_characters_are_no_trouble(poem_home: Path) -> None:
    story = "Tyger Tyger, burning bright, in the forests of the night. " * 18_000
    began = time.monotonic()
    result = writer("generate", "-", "--max-new-tokens", "4", home=poem_home, stdin=story)
    assert result.returncode == 0, result.stderr
    assert time.monotonic() - began < 60


def test_ctrl_c_stops_cleanly_and_what_was_measured_is_told(heard_signals: None, poem_home: Path) -> None:
    endless = ["--max-new-tokens", "4096", "--min-new-tokens", "4096", "--temperature", "2"]
    process = subprocess.Popen(
        [sys.executable, "-m", "writer", "generate", "Tyger", "--stats", *endless],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"WRITER_HOME": str(poem_home)},
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.read(20)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"Traceback" not in errors
    assert re.search(rb"poem: read \d+ tokens in .* wrote [1-9]\d* in .* tokens/s\), seed \d+", errors), errors


def test_models_list_info_and_remove(poem_home: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(poem_home / "data", home / "data")
    assert "poem" in writer("models", "list", home=home).stdout
    info = writer("models", "info", "poem", "--json", home=home).stdout
    assert json.loads(info)["id"] == "poem"
    assert '"perplexity"' in info
    assert writer("models", "remove", "poem", home=home).returncode == 0
    assert "poem" not in writer("models", "list", home=home).stdout
    assert "poem" not in writer("models", "list", "--json", home=home).stdout


def test_a_folder_is_built_and_writes(poem_home: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    checkpoint = tmp_path / "checkpoint"
    shutil.copytree(poem_home / "checkpoint", checkpoint)
    from writer.paths import resources_dir

    for name in ("vocab.json", "merges.txt"):
        shutil.copy(resources_dir() / "gpt2-tokenizer" / name, checkpoint)
    built = writer("models", "build", checkpoint, "--id", "mine", "--precision", "fp32", home=home)
    assert built.returncode == 0, built.stderr
    result = writer("generate", "Tyger Tyger", "--temperature", "0", "--model", "mine", home=home)
    assert "burning bright" in result.stdout


def test_bench_has_its_keys(poem_home: Path) -> None:
    result = writer("bench", "--prompt-tokens", "32", "--new-tokens", "4", "--json", home=poem_home)
    assert result.returncode == 0, result.stderr
    keys = {"load_s", "prefill_s", "prefill_tps", "decode_ms", "decode_tps", "ttft_s", "peak_rss_bytes"}
    figures = json.loads(result.stdout)
    assert keys <= figures.keys()
    assert all(figures[key] > 0 for key in keys)


def test_the_first_token_waits_for_no_decode_step(
    poem_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    step, slow_s = ModelSession.decode_step, 0.3

    def slow_step(*arguments: Any) -> Any:
        time.sleep(slow_s)
        return step(*arguments)

    monkeypatch.setattr(ModelSession, "decode_step", slow_step)
    monkeypatch.setenv("WRITER_HOME", str(poem_home))
    assert main(["bench", "--prompt-tokens", "8", "--new-tokens", "2", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["decode_ms"] >= slow_s * 1e3
    assert figures["prefill_s"] <= figures["ttft_s"] < figures["prefill_s"] + slow_s / 2


@pytest.mark.parametrize("damage", ["cut graph", "cut weights", "no manifest", "empty manifest"])
def test_a_damaged_model_is_told_in_one_line(damage: str, poem_home: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(poem_home / "data", home / "data")
    folder = home / "data" / "models" / "poem"
    if damage == "cut graph":
        for graph in folder.glob("*.onnx"):
            graph.write_bytes(graph.read_bytes()[:2000])
    elif damage == "cut weights":
        for weights in folder.glob("*.data"):
            weights.write_bytes(weights.read_bytes()[:2000])
    elif damage == "no manifest":
        (folder / "manifest.json").unlink()
    else:
        (folder / "manifest.json").write_text("{}")
    assert_one_line(writer("generate", "Tyger", "--model", "poem", home=home), 1)


@pytest.mark.parametrize("retries", ["0", "1"])  # pip says the reason only when it tries again
def test_no_network_at_the_first_start_is_told_in_words(retries: str, tmp_path: Path) -> None:
    nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_CONFIG_FILE": os.devnull, "PIP_RETRIES": retries}
    nowhere |= {"PIP_FIND_LINKS": "", "PIP_EXTRA_INDEX_URL": ""}
    result = writer("generate", "Once", home=tmp_path, **nowhere)
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    last = result.stderr.strip().splitlines()[-1]
    assert last.startswith("writer: The Python package index cannot be reached")
    assert "Connect to the internet" in last


def test_without_a_display_the_terminal_does_the_job(poem_home: Path) -> None:
    result = writer(home=poem_home)
    assert result.returncode == 0, result.stderr
    assert "no display" in result.stderr
    welcome = (Path(__file__).parents[2] / "resources" / "welcome.txt").read_text(encoding="utf-8").rstrip()
    assert result.stdout.startswith(welcome)
    assert len(result.stdout) > len(welcome) + 20


def test_a_binary_file_is_refused_before_anything_is_loaded(poem_home: Path, tmp_path: Path) -> None:
    picture = tmp_path / "picture.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\r")
    result = writer(picture, home=poem_home)
    assert result.returncode == 1
    assert "picture.png is not a text file" in result.stderr
