"""The manual page says what --help says: every command, every option, and none that is not there."""

import re

import pytest

from tests.packaging.linux_files import build_deb
from writer.cli.main import main

_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]*")


def help_of(capsys: pytest.CaptureFixture[str], *command: str) -> str:
    with pytest.raises(SystemExit):
        main([*command, "--help"])
    return re.sub(r"\s+", " ", capsys.readouterr().out)


def plain_manual() -> str:
    """The page without its macros' names, quotes and escapes."""
    lines = [line for line in build_deb.manual("1.2.3").splitlines() if not line.startswith('.\\"')]
    text = "\n".join(re.sub(r"^\.[A-Z]+ ?", "", line) for line in lines)
    text = text.replace("\\-", "-").replace('"', "")
    return re.sub(r"\\f[A-Z]|\\&", "", text)


def commands(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return re.findall(r"writer ([a-z-]+)(?= \||  ?\(| *$)", help_of(capsys).partition("commands: ")[2])


def models_commands(capsys: pytest.CaptureFixture[str]) -> list[str]:
    found = re.search(r"usage: writer models \[-h\] ([a-z|]+)", help_of(capsys, "models"))
    assert found is not None
    return found[1].split("|")


def test_every_command_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    named = commands(capsys)
    assert {"generate", "models", "devices", "bench", "self-test"} <= set(named)
    for command in named:
        assert re.search(rf"^writer {command}\b", plain_manual(), re.MULTILINE), command
    for command in models_commands(capsys):
        assert re.search(rf"^writer models {command}\b", plain_manual(), re.MULTILINE), command


def test_the_options_are_those_of_the_program(capsys: pytest.CaptureFixture[str]) -> None:
    helps = [help_of(capsys)]
    helps += [help_of(capsys, command) for command in commands(capsys)]
    helps += [help_of(capsys, "models", command) for command in models_commands(capsys)]
    existing = {option for text in helps for option in _OPTION.findall(text)}
    assert "--seed" in existing
    assert set(_OPTION.findall(plain_manual())) == existing


def test_the_page_bears_version_and_date() -> None:
    head = next(line for line in build_deb.manual("1.2.3").splitlines() if line.startswith(".TH"))
    assert head == f'.TH WRITER 1 "{build_deb.releases()[0].date:%Y-%m-%d}" "Writer 1.2.3" "User Commands"'
    assert "@" not in plain_manual()


def test_every_folder_of_the_program_is_told() -> None:
    for folder in ("~/.config/writer", "~/.local/share/writer", "~/.local/state/writer"):
        assert folder in plain_manual()
