"""An installed model, ready to write."""

from dataclasses import dataclass

from writer.engine.imported_session import ImportedSession
from writer.engine.imported_tokenizer import load_tokenizer
from writer.engine.kv_cache import KVCache
from writer.engine.session import Device, ModelSession
from writer.engine.tokenizer import Tokenizer
from writer.models.precision import Precision
from writer.models.store import InstalledModel


@dataclass(frozen=True)
class LoadedModel:
    """Session and cache belong to the thread that loads them."""

    installed: InstalledModel
    session: ModelSession
    tokenizer: Tokenizer
    cache: KVCache

    @classmethod
    def load(
        cls,
        installed: InstalledModel,
        precision: Precision | None = None,
        n_threads: int | None = None,
        device: Device = "cpu",
    ) -> "LoadedModel":
        """Read the model's own default form, or the one asked for, once every byte of it has been seen to be right:
        a changed weight would not fail, it would write nonsense. Raises WriterError."""
        graph = installed.graph(precision)
        installed.verify(precision or installed.default_precision)
        config = installed.manifest.config
        kind = ImportedSession if config.architecture == "imported" else ModelSession
        session = kind.load(graph, config, n_threads=n_threads, device=device)
        return cls(installed, session, load_tokenizer(installed.folder), session.new_cache())
