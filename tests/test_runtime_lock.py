"""The environment that `make run` makes: its lock pins other versions than the tests' own (see packaging/locks)."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.tiny_checkpoint import write_tiny_checkpoint

ROOT = Path(__file__).parents[1]

# What the hub's library makes of a user's cache, and what Writer takes from it, without any network.
_FETCH = """
import hashlib, sys
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from writer.models.catalog import HubFile, HubSource
from writer.models.download.hub import HubSettings, fetch_hub

assert not any(map(find_spec, ("torch", "transformers", "optimum")))
cache, target, revision = Path(sys.argv[1]), Path(sys.argv[2]), "0" * 40
content = b"weights of a model"
repository = cache / "models--somebody--tiny"
blob = repository / "blobs" / hashlib.sha256(content).hexdigest()
link = repository / "snapshots" / revision / "model.safetensors"
for path in (blob, link):
    path.parent.mkdir(parents=True)
blob.write_bytes(content)
link.symlink_to(blob)
source = HubSource("somebody/tiny", revision, (HubFile("model.safetensors"),))
list(fetch_hub(source, target, HubSettings(is_offline=True, cache=cache)))
assert (target / "model.safetensors").read_bytes() == content
print(version("huggingface-hub"), version("tokenizers"))
"""


@pytest.mark.long
def test_the_locked_environment_builds_writes_and_finds_the_hubs_cache(
    tmp_path: Path, writer_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lock = ROOT / "packaging" / "locks" / "runtime.txt"
    began = time.perf_counter()
    script = ROOT / "packaging" / "python_environment.sh"
    environ = os.environ | {"PYTHON": sys.executable}
    subprocess.run(["sh", script, tmp_path / "venv", lock], env=environ, check=True, timeout=1800)
    made_s = time.perf_counter() - began
    source = write_tiny_checkpoint(tmp_path / "tiny")

    def python(*arguments: str | Path) -> str:
        command = [tmp_path / "venv" / "bin" / "python", "-W", "error", *arguments]
        result = subprocess.run(command, cwd=ROOT, env=_clean(), capture_output=True, text=True, timeout=300)
        assert result.returncode == 0, result.stderr
        return result.stdout

    python("-m", "writer", "models", "build", source, "--id", "tiny")
    writing = ("-m", "writer", "generate", "The lighthouse", "--model", "tiny", "--seed", "7", "--json")
    answer = json.loads(python(*writing, "--max-new-tokens", "12"))
    assert 0 < answer["statistics"]["new_tokens"] <= 12
    hub, tokenizers = python("-c", _FETCH, tmp_path / "cache", tmp_path / "fetched").split()
    pinned = lock.read_text(encoding="utf-8")
    assert f"huggingface-hub=={hub} " in pinned
    assert f"tokenizers=={tokenizers} " in pinned
    with capsys.disabled():
        print(f"\nenvironment made in {made_s:.0f} s, with huggingface-hub {hub} and tokenizers {tokenizers}")


def _clean() -> dict[str, str]:
    """Nothing of the tests' own interpreter."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
