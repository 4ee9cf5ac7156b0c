"""Checkpoint weights -> one ONNX graph per precision: fused for `writer.engine.session`, ordinary for CUDA."""

from collections.abc import Iterator
from pathlib import Path

from writer.models.calibration import CalibratedWeights, CalibrationWindows
from writer.models.checkpoint import Checkpoint
from writer.models.graph.builder import GraphBuilder
from writer.models.graph.gpt2 import add_gpt2
from writer.models.graph.half import add_half
from writer.models.graph.llama import add_llama
from writer.models.precision import Precision

_ARCHITECTURES = {"gpt2": add_gpt2, "llama": add_llama}


def write_graph(
    checkpoint: Checkpoint, precision: Precision, path: Path, calibration: CalibrationWindows | None = None
) -> Iterator[tuple[int, int]]:
    """Write `path` (the graph) and `path`.data (its weights); yields (layers done, layers in all).

    `calibration` (W, T), token ids of prose, lets the weights be fitted to what flows through them.
    Holds one layer's largest weight in memory at a time. Closing the iterator leaves partial files behind
    for the caller, who owns the folder, to remove.
    """
    builder = GraphBuilder(path, precision)
    with builder:
        if precision is Precision.FP16:
            yield from add_half(builder, checkpoint)
        else:
            weights = CalibratedWeights(checkpoint, precision, calibration)
            yield from _ARCHITECTURES[checkpoint.config.architecture](builder, weights)
        builder.finish()
