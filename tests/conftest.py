"""For every test: no display, no user's folders, and a sample or the whole of each long series."""

import gc
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from pytestqt.qtbot import QtBot

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

# Before Qt is loaded; a journey that needs a real screen starts its own.
os.environ["QT_QPA_PLATFORM"] = "offscreen"

_PATIENCE_MS = 60_000  # what does not come fails a test, and what comes late on a busy machine does not

_SLOW_MACHINE = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
settings.register_profile(
    "sample", max_examples=60, derandomize=True, deadline=None, suppress_health_check=_SLOW_MACHINE
)
settings.register_profile("long", max_examples=600, deadline=None, suppress_health_check=_SLOW_MACHINE)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="run every series whole")


def pytest_configure(config: pytest.Config) -> None:
    settings.load_profile("long" if config.getoption("--long") else "sample")
    for wait in (
        QtBot.waitActive,
        QtBot.waitCallback,
        QtBot.waitExposed,
        QtBot.waitSignal,
        QtBot.waitSignals,
        QtBot.waitUntil,
    ):
        wait.__kwdefaults__["timeout"] = _PATIENCE_MS


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A test marked long has a sampled sibling that always runs, so it is left out, not skipped."""
    if not config.getoption("--long"):
        left_out = [item for item in items if item.get_closest_marker("long")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not item.get_closest_marker("long")]


@pytest.fixture(autouse=True)
def writer_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's folders of this test's own."""
    home = tmp_path_factory.mktemp("writer-home")
    monkeypatch.setenv("WRITER_HOME", str(home))
    return home


@pytest.fixture
def heard_signals() -> Iterator[None]:
    """A process that the test starts can be told to end. One that began with signals ignored, in the background of a
    script or under nohup, hands that on to those it starts; a function that does nothing is not handed on."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    ignored = [number for number in numbers if signal.getsignal(number) is signal.SIG_IGN]
    for number in ignored:
        signal.signal(number, lambda *_: None)
    yield
    for number in ignored:
        signal.signal(number, signal.SIG_IGN)


@pytest.fixture
def same_application(qapp: "QApplication") -> Iterator[None]:
    """Give the application back as it was. Each window sets its look, and the next test measures by it."""
    sheet, palette, font, style = qapp.styleSheet(), qapp.palette(), qapp.font(), qapp.style().name()
    direction, quits = qapp.layoutDirection(), qapp.quitOnLastWindowClosed()
    yield
    while qapp.overrideCursor() is not None:
        qapp.restoreOverrideCursor()
    qapp.setStyleSheet(sheet)
    if qapp.style().name() != style:
        qapp.setStyle(style)
    qapp.setPalette(palette)
    qapp.setFont(font)
    qapp.setLayoutDirection(direction)
    qapp.setQuitOnLastWindowClosed(quits)


@pytest.fixture
def delete_widgets(same_application: None) -> Iterator[None]:
    """Destroy a test's widgets at its end. Left to chance, the garbage collector would do so in the middle of a later
    test's change of style sheet, which walks over every widget there is, or on the thread of an engine."""
    gc.disable()
    n_frozen = gc.get_freeze_count()
    yield
    from PySide6.QtCore import QCoreApplication, QEvent

    if gc.get_freeze_count() > n_frozen:  # by a program that was run: the test's widgets among the rest
        gc.unfreeze()
    for _ in range(2):
        gc.collect()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gc.enable()


@pytest.fixture(scope="session")
def starter_home() -> Path:
    """A WRITER_HOME with the starter model built; `make test` puts it beside the test environment."""
    home = Path(sys.prefix) / "starter-home"
    assert (home / ".ready").exists(), "run the tests with `make test`, which fetches the starter model"
    return home


POEM = """Tyger Tyger, burning bright,
In the forests of the night;
What immortal hand or eye,
Could frame thy fearful symmetry?

In what distant deeps or skies
Burnt the fire of thine eyes?
On what wings dare he aspire?
What the hand, dare seize the fire?
"""


@pytest.fixture(scope="session")
def poem() -> str:
    """Two stanzas by William Blake (1794)."""
    return POEM


@pytest.fixture(scope="session")
def poem_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A WRITER_HOME with one model: a 2-layer GPT-2 with the real vocabulary that knows the poem by heart, at int8."""
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    from writer.engine.tokenizer import Tokenizer, TokenizerSpec
    from writer.models.build import BuildRequest, build_model
    from writer.models.precision import Precision
    from writer.models.store import ModelStore
    from writer.paths import resources_dir, user_paths

    files = resources_dir() / "gpt2-tokenizer"
    spec = TokenizerSpec.from_gpt2_files(files / "vocab.json", files / "merges.txt")
    token_ids = torch.tensor([[*Tokenizer(spec).encode(POEM), 50256]])
    torch.manual_seed(4)
    torch.set_num_threads(1)  # two test workers with two threads each would wait for one another on two cores
    config = GPT2Config(n_embd=96, n_layer=2, n_head=4, resid_pdrop=0, embd_pdrop=0, attn_pdrop=0)
    model = GPT2LMHeadModel(config)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(120):
        loss = model(token_ids, labels=token_ids).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.05
    home = tmp_path_factory.mktemp("poem-home")
    model.save_pretrained(home / "checkpoint")
    gate_text = (resources_dir() / "gate" / "alice.txt").read_text(encoding="utf-8")
    request = BuildRequest(home / "checkpoint", "poem", (Precision.INT8,), gate_text, "Poem", tokenizer=files)
    for _ in build_model(request, ModelStore(user_paths({"WRITER_HOME": str(home)}).models)):
        pass
    return home
