"""What is promised with the huggingface_hub of the test environment holds with the program's own and with others."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.models.hub.cases import CONTENT, REPOSITORY, REVISION, WEIGHTS, names_in
from tests.models.hub.test_hub_protocol import check_real_client
from tests.models.hub_server import Hub

ROOT = Path(__file__).resolve().parents[3]
RUNTIME = (ROOT / "packaging" / "locks" / "runtime.txt").read_text(encoding="utf-8")

FROM_CACHE = f"""
import json, sys
from pathlib import Path
from writer.errors import WriterError
from writer.models.catalog import HubFile, HubSource
from writer.models.download import HubSettings, fetch_hub
source = HubSource({REPOSITORY!r}, {REVISION!r}, (HubFile("config.json"), HubFile({WEIGHTS!r})))
settings = HubSettings("http://127.0.0.1:9", is_offline=True, cache=Path(sys.argv[1]))
try:
    list(fetch_hub(source, Path(sys.argv[2]), settings))
    print(json.dumps(["arrived", ""]))
except WriterError as error:
    print(json.dumps(["refused", str(error)]))
"""


def _locked(name: str) -> str:
    found = re.search(rf"^{name}==\S+", RUNTIME, re.MULTILINE)
    assert found
    return found[0]


@pytest.mark.long
@pytest.mark.parametrize("requirement", [_locked("huggingface-hub"), "huggingface-hub>=1,<2"])
def test_n22_the_hub_of_these_tests_and_the_cache_hold_with_other_versions_of_the_client(
    requirement: str, hub: Hub, tmp_path: Path
) -> None:
    """The real client fetches from our hub; what it put into the user's cache is used offline, and not if damaged."""
    environment = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True, timeout=120)
    python = str(environment / ("Scripts" if os.name == "nt" else "bin") / "python")
    needed = [requirement, _locked("httpx2"), _locked("filelock")]
    subprocess.run([python, "-m", "pip", "install", "--quiet", *needed], check=True, timeout=600)
    cache = tmp_path / "cache"
    version = check_real_client(python, hub, cache)
    assert int(version.partition(".")[0]) >= 1

    def take(folder: Path) -> list[str]:
        command = [python, "-c", FROM_CACHE, str(cache) + "-2", str(folder)]
        result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
        assert result.returncode == 0, result.stderr
        return list(json.loads(result.stdout))

    assert take(tmp_path / "taken") == ["arrived", ""]
    assert names_in(tmp_path / "taken") == {"config.json", WEIGHTS}
    assert (tmp_path / "taken" / WEIGHTS).read_bytes() == CONTENT
    blob = next((tmp_path / "cache-2").rglob(WEIGHTS)).resolve()
    blob.chmod(0o644)
    blob.write_bytes(CONTENT[:-1])
    outcome, message = take(tmp_path / "not-taken")
    assert outcome == "refused"
    assert "HF_HUB_OFFLINE" in message
    assert not (tmp_path / "not-taken" / WEIGHTS).exists()
