"""The records that tell how the model's texts came about."""

import secrets
from datetime import UTC, datetime

from writer.assist.context import Context
from writer.assist.presets import chosen_values
from writer.document.generation_record import GenerationRecord
from writer.engine.config import GenerationConfig
from writer.models.loaded import LoadedModel


def new_generation_id(model: LoadedModel) -> str:
    return f"{model.installed.id}:{secrets.token_hex(8)}"


def record_of(generation: str, model: LoadedModel, context: Context, config: GenerationConfig) -> GenerationRecord:
    """Of a generation that begins now."""
    return GenerationRecord(
        id=generation,
        model_id=model.installed.id,
        model_hash=model.installed.manifest.precisions[model.precision].sha256,
        precision=str(model.precision),
        settings={name: value for name, value in chosen_values(config).items() if name != "seed"},
        seed=config.seed,
        context_hash=context.context_hash,
        time=datetime.now(UTC).astimezone().isoformat(timespec="seconds"),
    )
