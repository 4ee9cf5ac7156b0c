"""`writer generate`: what it reads, what it prints, and what is left when it is stopped."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.run_writer import assert_one_line, writer
from writer.cli import loading
from writer.cli.main import main
from writer.engine import generate as engine
from writer.engine.events import Token

ARROWS = ("generate", "Tyger", "--temperature", "0", "--max-new-tokens", "4", "--logit-bias", "→=100")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "ascii:strict"])
def test_a_letter_that_the_terminal_lacks_stops_nothing(encoding: str, poem_home: Path) -> None:
    result = writer(*ARROWS, home=poem_home, PYTHONIOENCODING=encoding)
    assert (result.returncode, result.stderr) == (0, "")
    assert "?" in result.stdout
    assert "→" in writer(*ARROWS, home=poem_home, PYTHONIOENCODING="utf-8").stdout


@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
def test_json_loses_no_letter_to_the_terminal(encoding: str, poem_home: Path) -> None:
    result = writer(*ARROWS, "--json", home=poem_home, PYTHONIOENCODING=encoding)
    assert "→" in json.loads(result.stdout)["text"]


@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])  # Python lets bad bytes through in the one, not in the other
def test_input_that_is_no_utf_8_is_refused_in_words(locale: str, poem_home: Path) -> None:
    result = writer("generate", "-", home=poem_home, stdin="Café".encode("latin-1"), LC_ALL=locale)
    assert "not UTF-8. Convert it first, for example with iconv" in assert_one_line(result, 2)


@pytest.mark.parametrize("option", ["--banned-words", "--stop-strings", "--logit-bias"])
def test_an_argument_that_is_no_utf_8_is_refused_in_words(option: str, poem_home: Path) -> None:
    result = writer("generate", "x", option, "Caf\udce9=1", home=poem_home)
    assert "not UTF-8" in assert_one_line(result, 2)


def test_input_is_utf_8_whatever_the_terminal_takes_and_may_begin_with_its_mark(poem_home: Path) -> None:
    options = ("--json", "--temperature", "0", "--max-new-tokens", "3")
    given = writer("generate", "Tyger — Tyger", *options, home=poem_home)
    piped = writer(
        "generate", "-", *options, home=poem_home, stdin="\ufeffTyger — Tyger".encode(), PYTHONIOENCODING="ascii"
    )
    given_values, piped_values = json.loads(given.stdout), json.loads(piped.stdout)
    assert piped_values["text"] == given_values["text"]
    assert piped_values["statistics"]["prompt_tokens"] == given_values["statistics"]["prompt_tokens"]


def test_alternatives_are_in_the_json(poem_home: Path) -> None:
    options = ("--json", "--temperature", "0", "--max-new-tokens", "5")
    values = json.loads(writer("generate", "Tyger Tyger", *options, "--n-alternatives", "3", home=poem_home).stdout)
    assert len(values["tokens"]) == values["statistics"]["new_tokens"] == 5
    assert "".join(token["text"] for token in values["tokens"]) == values["text"]
    for token in values["tokens"]:
        assert token.keys() == {"text", "token_id", "logprob", "alternatives"}
        assert [other.keys() for other in token["alternatives"]] == [{"text", "token_id", "logprob"}] * 3
        likeliest = token["alternatives"][0]  # what the temperature 0 takes
        assert (likeliest["token_id"], likeliest["logprob"]) == (token["token_id"], token["logprob"])
    assert "tokens" not in json.loads(writer("generate", "Tyger Tyger", *options, home=poem_home).stdout)


@pytest.mark.parametrize("n_written", [0, 1, 6])
def test_a_stopped_generation_tells_what_was_measured(
    n_written: int, poem_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = engine.generate

    def stopped(*arguments: Any) -> Iterator[Any]:
        n_seen = 0
        for event in whole(*arguments):
            yield event
            n_seen += isinstance(event, Token)
            if n_seen == n_written:
                raise KeyboardInterrupt

    monkeypatch.setattr(engine, "generate", stopped)
    monkeypatch.setenv("WRITER_HOME", str(poem_home))
    assert main(["generate", "Tyger Tyger", "--json", "--stats", "--n-alternatives", "1"]) == 130
    out, err = capsys.readouterr()
    values = json.loads(out)
    figures = values["statistics"]
    assert values["reason"] == "stopped"
    assert figures["new_tokens"] == len(values["tokens"]) == n_written
    assert figures["prompt_tokens"] > 0
    assert figures["prefill_s"] > 0
    assert (figures["decode_s"] > 0) == (figures["tokens_per_s"] > 0) == (n_written > 0)
    assert f"wrote {n_written} in" in err
    assert f"seed {figures['seed']}" in err

    monkeypatch.undo()
    again = writer(
        "generate", "Tyger Tyger", "--json", "--seed", str(figures["seed"]), "--max-new-tokens", "9", home=poem_home
    )
    finished = json.loads(again.stdout)
    assert finished["text"].startswith(values["text"])
    assert finished["statistics"].keys() == figures.keys()


def test_stopped_while_the_model_is_read_the_json_is_printed_all_the_same(
    poem_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stopped(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(loading, "load_model", stopped)
    assert main(["generate", "Tyger Tyger", "--model", "poem", "--json", "--stats"]) == 130
    values = json.loads(capsys.readouterr().out)
    assert values == {"model": "poem", "text": "", "reason": "stopped", "statistics": None}


def test_banned_words_are_neither_printed_nor_in_the_json(poem_home: Path) -> None:
    options = (
        "--temperature",
        "0",
        "--max-new-tokens",
        "30",
        "--banned-words",
        "the NIGHT",
        "--banned-words",
        "forests",
    )
    printed = writer("generate", "Tyger Tyger, burning bright,\nIn", *options, home=poem_home)
    assert (printed.returncode, printed.stderr) == (0, "")
    assert "night" in writer("generate", "Tyger Tyger, burning bright,\nIn", *options[:4], home=poem_home).stdout
    result = writer(
        "generate", "Tyger Tyger, burning bright,\nIn", *options, "--json", "--n-alternatives", "1", home=poem_home
    )
    values = json.loads(result.stdout)
    assert values["reason"] in ("length", "end_of_text")
    assert values["text"].strip() in printed.stdout, "what is printed as it comes is what stands in the end"
    assert "forests" not in values["text"]
    assert "the night" not in values["text"].lower()
    assert len(values["tokens"]) == values["statistics"]["new_tokens"]
    assert "".join(token["text"] for token in values["tokens"]) == values["text"], "those taken back are left out"


@pytest.mark.parametrize(("stop", "reason"), [("forests", "stop_string"), ("dragons", "length")])
def test_the_json_tells_why_a_text_ended(stop: str, reason: str, poem_home: Path) -> None:
    options = ("--temperature", "0", "--max-new-tokens", "8", "--stop-strings", stop, "--json")
    values = json.loads(writer("generate", "Tyger Tyger, burning bright,\nIn", *options, home=poem_home).stdout)
    assert values["reason"] == reason
    assert "forests" not in values["text"] or stop == "dragons"
