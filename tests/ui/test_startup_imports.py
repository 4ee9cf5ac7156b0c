"""What a window takes to load, before it can be written in."""

import subprocess
import sys

# Each takes a good part of the time in which a window may come; they are loaded with the first model, or never.
LATER = ["asyncio.subprocess", "gguf", "httpx2", "huggingface_hub", "multiprocessing.context", "onnx", "onnxruntime"]
LATER += ["safetensors", "tokenizers"]


def test_the_window_loads_nothing_that_only_models_need() -> None:
    code = f"import sys, writer.ui.app; print([name for name in {LATER} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == "[]"
