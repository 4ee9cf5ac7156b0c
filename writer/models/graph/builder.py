"""GraphBuilder: nodes collected in memory, weights streamed to the external data file as they come."""

from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

from writer.engine.config import ModelConfig
from writer.models.precision import Precision

MICROSOFT = "com.microsoft"  # domain of ONNX Runtime's fused operators
_OPSET = 18
_IR_VERSION = 9

# ONNX Runtime maps external tensors that begin on a page (and, on Windows, on an allocation granule).
ALIGNMENT_BYTES = 65536
# Small tensors stay inside the graph: ONNX Runtime needs the values of some constants while it optimises.
INLINE_BYTES = 1024


class GraphBuilder:
    """Collects one graph. The data file is open between `__enter__` and `__exit__`."""

    def __init__(self, path: Path, precision: Precision) -> None:
        self.precision = precision
        self._path = path
        self._data_path = path.with_name(path.name + ".data")
        self._nodes: list[onnx.NodeProto] = []
        self._initializers: dict[str, TensorProto] = {}
        self._inputs: list[onnx.ValueInfoProto] = []
        self._outputs: list[onnx.ValueInfoProto] = []

    def __enter__(self) -> Self:
        self._data = self._data_path.open("wb")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._data.close()

    def constant(self, name: str, values: NDArray[Any] | np.generic) -> str:
        """Store a tensor under `name`; a name given twice is stored once."""
        if name in self._initializers:
            return name
        values = np.ascontiguousarray(values).reshape(values.shape)  # a scalar stays one
        tensor = TensorProto(
            name=name, data_type=helper.np_dtype_to_tensor_dtype(values.dtype), dims=list(values.shape)
        )
        if values.nbytes <= INLINE_BYTES:
            tensor.raw_data = values.tobytes()
        else:
            self._data.write(b"\0" * (-self._data.tell() % ALIGNMENT_BYTES))
            tensor.data_location = TensorProto.EXTERNAL
            place = {"location": self._data_path.name, "offset": self._data.tell(), "length": values.nbytes}
            for key, value in place.items():
                tensor.external_data.add(key=key, value=str(value))
            self._data.write(values.data)
        self._initializers[name] = tensor
        return name

    def node(
        self, operator: str, inputs: list[str], output: str, *more_outputs: str, domain: str = "", **attributes: Any
    ) -> str:
        """Add one operator named after its first output, which is returned."""
        outputs = [output, *more_outputs]
        self._nodes.append(helper.make_node(operator, inputs, outputs, name=output, domain=domain, **attributes))
        return output

    def input(self, name: str, element: int, shape: list[str | int]) -> str:
        self._inputs.append(helper.make_tensor_value_info(name, element, shape))
        return name

    def output(self, name: str, element: int, shape: list[str | int]) -> str:
        self._outputs.append(helper.make_tensor_value_info(name, element, shape))
        return name

    def declare_step_inputs(self) -> None:
        """What every step feeds besides the cache; `writer.engine.session` is the other side of this agreement."""
        self.input("input_ids", TensorProto.INT64, [1, "T"])
        self.input("position_ids", TensorProto.INT64, [1, "T"])
        self.input("seqlens_k", TensorProto.INT32, [1])  # slots in use after this step, less one
        self.input("total_sequence_length", TensorProto.INT32, [])
        self.input("attention_bias", TensorProto.FLOAT, [1, 1, "T", "S"])  # S slots in use after this step
        self.input("logits_rows", TensorProto.INT64, ["R"])  # which of the T rows to give logits for

    def attention(self, layer: int, qkv: str, config: ModelConfig, *, rotary: tuple[str, str] | None) -> str:
        """Causal attention over the shared cache. `qkv` (1, T, (H + 2 KV) D) -> (1, T, H D).

        past and present are the same memory at run time, which makes appending O(T) (GroupQueryAttention)."""
        shape: list[str | int] = [1, config.n_kv_head, "M", config.head_dim]
        past = [self.input(f"past.{layer}.{part}", TensorProto.FLOAT, shape) for part in ("key", "value")]
        present = [self.output(f"present.{layer}.{part}", TensorProto.FLOAT, shape) for part in ("key", "value")]
        cos, sin = rotary or ("", "")
        positions = "position_ids" if rotary else ""
        return self.node(
            "GroupQueryAttention",
            [qkv, "", "", *past, "seqlens_k", "total_sequence_length", cos, sin, positions, "attention_bias"],
            f"layer{layer}.attention",
            *present,
            domain=MICROSOFT,
            num_heads=config.n_head,
            kv_num_heads=config.n_kv_head,
            do_rotary=int(rotary is not None),
            scale=config.head_dim**-0.5,
        )

    def finish(self) -> None:
        """Write the graph file. Outputs keep the order of declaration."""
        graph = helper.make_graph(self._nodes, "writer", self._inputs, self._outputs, list(self._initializers.values()))
        opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(MICROSOFT, 1)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION, producer_name="writer")
        self._path.write_bytes(model.SerializeToString())
