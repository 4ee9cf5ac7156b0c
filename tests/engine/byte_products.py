"""A program of its own, so that test_cpu.py can run it on an emulated processor: one product, with and without care.

    byte_products.py GRAPH      prints {"features": [...], "default": [...], "ours": [...]} as JSON

`default` is what ONNX Runtime makes of rows of ones when nobody asks for exact products, `ours` what it makes of them
with the options that a ModelSession would choose on this processor.
"""

import functools
import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime as ort

from writer.engine import session as sessions
from writer.engine.cpu import cpu_features


def run(graph: str, options: ort.SessionOptions) -> list[float]:
    session = ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    [x] = session.get_inputs()
    [y] = session.run(None, {"x": np.ones((1, 3, x.shape[2]), np.float32)})
    return [float(value) for value in np.ravel(y)]


def main() -> None:
    # An emulator passes the host's /proc/cpuinfo on. Without that file the processor itself is asked (by numpy, with
    # CPUID), which the emulator answers.
    cpuinfo = Path("/no/cpuinfo")
    sessions.cpu_features = functools.partial(cpu_features, cpuinfo)
    plain = ort.SessionOptions()
    plain.intra_op_num_threads = 1
    found = {
        "features": sorted(cpu_features(cpuinfo)),
        "default": run(sys.argv[1], plain),
        "ours": run(sys.argv[1], sessions._session_options(1)),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
