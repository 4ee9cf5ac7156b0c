"""The number formats a model can be built in."""

from enum import StrEnum


class Precision(StrEnum):
    """How weights are stored and multiplied; `label` is what a writer reads."""

    FP32 = "fp32"
    INT8 = "int8"  # W8A8: int8 columns times activation rows scaled to one constant step
    INT8_BLOCKS = "int8-blocks"  # 8-bit weights in blocks, for models whose activations int8 rows cannot hold
    INT4 = "int4"  # 4-bit weights in blocks: smaller, worse
    FP16 = "fp16"  # half precision, for CUDA

    @property
    def label(self) -> str:
        return {
            Precision.FP32: "full precision",
            Precision.INT8: "8 bit",
            Precision.INT8_BLOCKS: "8 bit in blocks",
            Precision.INT4: "4 bit",
            Precision.FP16: "half precision",
        }[self]
