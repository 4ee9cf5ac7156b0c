"""What a language model's graph takes and gives, as Writer feeds it (`writer.engine.imported_session`)."""

from dataclasses import dataclass

from onnx import GraphProto, ModelProto, TensorProto, ValueInfoProto

from writer.engine.imported_session import PAST_NAME, ROW_COUNT_NAMES
from writer.engine.untrusted_file import shown
from writer.models.imported.graph_file import refused

_INTEGERS = frozenset({TensorProto.INT32, TensorProto.INT64})
_NUMBERS = frozenset({TensorProto.FLOAT, TensorProto.FLOAT16})
_TEXT_INPUTS = frozenset({"input_ids", "attention_mask", "position_ids", *ROW_COUNT_NAMES})


@dataclass(frozen=True)
class Interface:
    """Letters as in ModelConfig: L, KV, D; `n_vocab` is None where the graph does not state it."""

    n_layer: int
    n_kv_head: int
    head_dim: int
    n_vocab: int | None


def read_interface(model: ModelProto) -> Interface:
    """Raises WriterError for a graph that takes or gives other things than a language model with a past."""
    graph = model.graph
    inputs, outputs = _inputs(graph), {value.name: value for value in graph.output}
    if "input_ids" not in inputs:
        raise refused(f"is that of no language model (it takes {shown(', '.join(inputs), 100)})")
    if "logits" not in outputs:
        raise refused(f"gives no scores of words (it gives {shown(', '.join(outputs), 100)})")
    pasts = {name: value for name, value in inputs.items() if PAST_NAME.fullmatch(name)}
    if not pasts:
        raise refused("takes no past, so every word would cost a reading of the whole text")
    for name, value in inputs.items():
        kind = value.type.tensor_type.elem_type
        if name in pasts:
            wanted = kind in _NUMBERS
        elif name == "use_cache_branch":
            wanted = kind == TensorProto.BOOL
        elif name in _TEXT_INPUTS:
            wanted = kind in _INTEGERS
        else:
            raise refused(f"wants to be given {shown(name)}, which Writer does not have")
        if not wanted:
            raise refused(f"takes {shown(name)} in a form that Writer does not have")
    n_layer = len(pasts) // 2
    if set(pasts) != {f"past_key_values.{i}.{part}" for i in range(n_layer) for part in ("key", "value")}:
        raise refused("has layers without a past")
    if any(name.replace("past_key_values", "present") not in outputs for name in pasts):
        raise refused("takes a past and gives none back")
    shapes = {(kind, *shape) for kind, *shape in map(_past_shape, pasts.values())}
    if len(shapes) > 1:
        raise refused("has pasts of different shapes")
    _, n_kv_head, head_dim = shapes.pop()
    logits = _dimensions(outputs["logits"])
    n_vocab = logits[2] if len(logits) == 3 and isinstance(logits[2], int) else None
    return Interface(n_layer, n_kv_head, head_dim, n_vocab)


def _inputs(graph: GraphProto) -> dict[str, ValueInfoProto]:
    """Without weights, which old graphs declare as inputs too."""
    weights = {tensor.name for tensor in graph.initializer}
    return {value.name: value for value in graph.input if value.name not in weights}


def _past_shape(value: ValueInfoProto) -> tuple[int, int, int]:
    """(element type, KV, D) of a past (1, KV, P, D)."""
    dimensions = _dimensions(value)
    if len(dimensions) != 4:
        raise refused("keeps its past in another order than Writer does")
    _, n_kv_head, length, head_dim = dimensions
    if not isinstance(n_kv_head, int) or not isinstance(head_dim, int) or isinstance(length, int):
        raise refused("keeps its past in another order than Writer does")
    return value.type.tensor_type.elem_type, n_kv_head, head_dim


def _dimensions(value: ValueInfoProto) -> list[int | str]:
    """Whole numbers where they are fixed, names where they are not."""
    shape = value.type.tensor_type.shape.dim
    return [dim.dim_value if dim.HasField("dim_value") else dim.dim_param for dim in shape]
