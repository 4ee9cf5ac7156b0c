"""An installed model, ready to write."""

from dataclasses import dataclass
from pathlib import Path

from writer.engine.config import ModelConfig
from writer.engine.cpu import cpu_features, slow_cpu_note
from writer.engine.devices import Device, DeviceError, cuda_problem, preferred_device
from writer.engine.imported_session import ImportedSession
from writer.engine.imported_tokenizer import load_tokenizer
from writer.engine.kv_cache import KVCache
from writer.engine.session import ModelSession
from writer.engine.tokenizer import Tokenizer
from writer.models.precision import Precision
from writer.models.store import InstalledModel

_MADE_FOR_CUDA = "The half-precision form is made for CUDA; on the processor 8 bit is faster and smaller."


@dataclass(frozen=True)
class LoadedModel:
    """Session and cache belong to the thread that loads them.

    precision -- the form that was loaded
    device_note -- what a writer should know about where it runs, such as why not on CUDA; "" for nothing
    lacks_cuda_form -- the note tells of a form that could be built
    """

    installed: InstalledModel
    session: ModelSession
    tokenizer: Tokenizer
    cache: KVCache
    precision: Precision
    device_note: str = ""
    lacks_cuda_form: bool = False

    @classmethod
    def load(
        cls,
        installed: InstalledModel,
        precision: Precision | None = None,
        n_threads: int | None = None,
        device: Device | None = None,
    ) -> "LoadedModel":
        """Read the model's own default form, or the one asked for, once every byte of it has been seen to be right:
        a changed weight would not fail, it would write nonsense. Without a device named, CUDA is tried where ONNX
        Runtime offers it; what cannot run there runs on the processor. Raises WriterError."""
        note, lacks_form = "", False
        if (device or preferred_device()) == "cuda":
            try:
                return cls._on_cuda(installed, precision, n_threads)
            except DeviceError as error:
                note = f"{error.message} The model runs on the processor."
                lacks_form = isinstance(error, _NoCudaFormError)
        form = precision or installed.default_precision
        session, tokenizer = _open(installed, form, n_threads, "cpu")
        note = note or slow_cpu_note(cpu_features()) or (_MADE_FOR_CUDA if form is Precision.FP16 else "")
        return cls(installed, session, tokenizer, _new_cache(session), form, note, lacks_form)

    @classmethod
    def _on_cuda(cls, installed: InstalledModel, precision: Precision | None, n_threads: int | None) -> "LoadedModel":
        """Raises DeviceError where CUDA, the model or its form is not up to that."""
        if problem := cuda_problem():
            raise DeviceError(problem)
        # The fused operators of our other forms exist for processors only; an imported graph has ordinary ones.
        is_imported = installed.config.architecture == "imported"
        form = precision or (installed.default_precision if is_imported else Precision.FP16)
        if not is_imported and form is not Precision.FP16:
            raise DeviceError(f"The form {form} is made for processors.")
        if form not in installed.manifest.precisions:
            raise _NoCudaFormError(f"{installed.title} has no half-precision form, which CUDA needs.")
        session, tokenizer = _open(installed, form, n_threads, "cuda")
        return cls(installed, session, tokenizer, _new_cache(session), form)


class _NoCudaFormError(DeviceError):
    """It can be built."""


def _new_cache(session: ModelSession) -> KVCache:
    """With room for branches beside a full window. Slots take memory only once they are used."""
    return session.new_cache(session.config.n_ctx * 3 // 2)


def _open(
    installed: InstalledModel, form: Precision, n_threads: int | None, device: Device
) -> tuple[ModelSession, Tokenizer]:
    with installed.verified(form) as graph:
        tokenizer = load_tokenizer(installed.folder)
        if device == "cuda":
            return ImportedSession.load(graph, installed.config, n_threads=n_threads, device=device), tokenizer
        return load_on_cpu(graph, installed.config, form, n_threads), tokenizer


def load_on_cpu(graph: Path, config: ModelConfig, form: Precision, n_threads: int | None = None) -> ModelSession:
    """By the session that suits the graph: half precision and imported models keep their past in the ordinary way."""
    is_ordinary = config.architecture == "imported" or form is Precision.FP16
    return (ImportedSession if is_ordinary else ModelSession).load(graph, config, n_threads=n_threads)
