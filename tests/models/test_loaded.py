"""Which form of a model runs where, and what is said when CUDA cannot have it. No graphics card is needed for that."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.tiny_checkpoint import write_tiny_checkpoint
from writer.engine import session as sessions
from writer.engine.config import GenerationConfig
from writer.engine.devices import DeviceError
from writer.engine.events import Token
from writer.engine.generate import generate
from writer.engine.imported_session import ImportedSession
from writer.models import loaded
from writer.models.build import BuildRequest, build_model
from writer.models.loaded import LoadedModel
from writer.models.precision import Precision
from writer.models.store import InstalledModel, ModelStore
from writer.paths import resources_dir

GATE_TEXT = (resources_dir() / "gate" / "alice.txt").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., InstalledModel]:
    source = write_tiny_checkpoint(tmp_path_factory.mktemp("source") / "tiny")

    def build(*precisions: Precision) -> InstalledModel:
        store = ModelStore(tmp_path_factory.mktemp("models"))
        for _ in build_model(BuildRequest(source, "tiny", precisions, GATE_TEXT, title="Tiny"), store):
            pass
        return store.get("tiny")

    return build


@pytest.fixture(scope="module")
def both(build: Callable[..., InstalledModel]) -> InstalledModel:
    return build(Precision.INT8, Precision.FP16)


def writing(model: LoadedModel) -> Iterator[int]:
    config = GenerationConfig(temperature=0.0, max_new_tokens=12, min_new_tokens=12, seed=1)
    for event in generate(model.session, model.tokenizer, model.cache, "The lighthouse", config):
        if isinstance(event, Token):
            yield event.token_id


def test_half_precision_is_built_beside_int8_and_loses_next_to_nothing(both: InstalledModel) -> None:
    assert both.default_precision is Precision.INT8
    assert abs(both.manifest.precisions[Precision.FP16].loss) < 0.001
    model = LoadedModel.load(both, Precision.FP16, device="cpu")
    assert (model.precision, model.session.device) == (Precision.FP16, "cpu")
    assert "CUDA" in model.device_note
    assert len(list(writing(model))) == 12


def test_without_cuda_the_default_form_runs_on_the_processor(both: InstalledModel) -> None:
    model = LoadedModel.load(both, device="cuda")
    assert (model.precision, model.session.device) == (Precision.INT8, "cpu")
    assert "without CUDA" in model.device_note
    assert model.device_note.endswith("The model runs on the processor.")
    assert LoadedModel.load(both).device_note == "", "nobody asked for CUDA, and nothing offers it"


class Card:
    """A graphics card that is played by the processor, as far as ONNX Runtime's own sessions let it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.failures: list[Exception] = []
        self.opened: list[str] = []
        open_graph = sessions.open_graph

        def open_there(graph: Path, n_threads: int | None = None, device: str = "cpu") -> object:
            self.opened.append(f"{graph.stem} {device}")
            if device == "cuda" and self.failures:
                raise sessions.cuda_failure(self.failures.pop())
            return open_graph(graph, n_threads)

        monkeypatch.setattr(loaded, "cuda_problem", lambda: "")
        for module in ("writer.engine.session", "writer.engine.imported_session"):
            monkeypatch.setattr(f"{module}.open_graph", open_there)


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> Card:
    return Card(monkeypatch)


def test_cuda_takes_half_precision_whatever_the_default_is(both: InstalledModel, card: Card) -> None:
    form = Precision.FP16
    model = LoadedModel.load(both, device="cuda")
    assert card.opened == ["fp16 cuda"]
    assert (model.precision, model.session.device, model.device_note) == (form, "cuda", "")


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (None, "Tiny has no half-precision form, which CUDA needs."),
        (Precision.INT8, "The form int8 is made for processors."),
    ],
)
def test_a_form_that_cuda_cannot_run_runs_on_the_processor(
    asked: Precision | None, words: str, build: Callable[..., InstalledModel], card: Card
) -> None:
    installed = build(Precision.INT8)
    card.opened.clear()
    model = LoadedModel.load(installed, asked, device="cuda")
    assert card.opened == ["int8 cpu"]
    assert model.device_note.endswith(f"{words} The model runs on the processor.")
    assert model.lacks_cuda_form == (asked is None)


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        ("CUDA failure 2: out of memory ; GPU=0", "The graphics card's memory does not suffice."),
        ("Failed to allocate memory for requested buffer", "The graphics card's memory does not suffice"),
        ("x.cc:1 f()\nCUDA failure 35: driver is old ; GPU=0", "The graphics card cannot be used: driver is old."),
        ("Something unheard of\nat x.cc", "The graphics card failed (Something unheard of)."),
    ],
)
def test_a_card_that_fails_while_loading_leaves_the_default_form_to_the_processor(
    failure: str, words: str, both: InstalledModel, card: Card
) -> None:
    card.failures = [RuntimeError(failure)]
    model = LoadedModel.load(both, device="cuda")
    assert card.opened == ["fp16 cuda", "int8 cpu"]
    assert words in model.device_note
    assert "\n" not in model.device_note
    assert len(list(writing(model))) == 12


class FailingSession:
    """ONNX Runtime's session until the card's memory is full."""

    def __init__(self, session: object, n_runs: int) -> None:
        self._session = session
        self._n_runs = n_runs

    def __getattr__(self, name: str) -> object:
        return getattr(self._session, name)

    def run_with_iobinding(self, io: object) -> None:
        self._n_runs -= 1
        if self._n_runs < 0:
            raise RuntimeError("CUDA failure 2: out of memory ; GPU=0")
        self._session.run_with_iobinding(io)  # type: ignore[attr-defined]


def test_a_card_that_fails_in_the_middle_of_a_text_loses_none_of_it(both: InstalledModel, card: Card) -> None:
    whole = list(writing(LoadedModel.load(both, Precision.FP16, device="cpu")))
    card.opened.clear()
    model = LoadedModel.load(both, device="cuda")
    session = model.session
    assert isinstance(session, ImportedSession)
    session._session = FailingSession(session._session, n_runs=6)  # type: ignore[assignment]
    written: list[int] = []
    with pytest.raises(DeviceError) as failure:
        written.extend(writing(model))
    assert str(failure.value) == (
        "The graphics card's memory does not suffice. The model runs on the processor from here on. Continue once more."
    )
    assert len(written) >= 5
    assert written == whole[: len(written)]
    assert card.opened == ["fp16 cuda", "fp16 cpu"]
    assert session.device == "cpu"
    assert next(session.prefill(model.cache, model.cache.token_ids.copy())).reused_tokens == 0
    assert list(writing(model)) == whole, "what the card held is read again"
