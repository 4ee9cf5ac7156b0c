"""For every test: no display, no user's folders, and a sample or the whole of each long series."""

import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Before Qt is loaded; a journey that needs a real screen starts its own.
os.environ["QT_QPA_PLATFORM"] = "offscreen"

_SLOW_MACHINE = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
settings.register_profile(
    "sample", max_examples=60, derandomize=True, deadline=None, suppress_health_check=_SLOW_MACHINE
)
settings.register_profile("long", max_examples=3000, deadline=None, suppress_health_check=_SLOW_MACHINE)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="run every series whole")


def pytest_configure(config: pytest.Config) -> None:
    settings.load_profile("long" if config.getoption("--long") else "sample")


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


@pytest.fixture(scope="session")
def starter_home() -> Path:
    """A WRITER_HOME with the starter model built; `make test` puts it beside the test environment."""
    home = Path(sys.prefix) / "starter-home"
    assert (home / ".ready").exists(), "run the tests with `make test`, which fetches the starter model"
    return home
