"""What the hub says, what the user's cache and earlier runs know, and what of it is believed.

Names carry the ids of the fault matrix.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.models.hub.cases import (
    CONFIG,
    CONTENT,
    PINNED,
    REPOSITORY,
    REVISION,
    SOURCE,
    WEIGHTS,
    check_arrived,
    check_nothing_final,
    hub_answering,
    recorded_connections,
    sent_share,
)
from tests.models.hub_server import Hub, HubHandler
from writer.errors import WriterError
from writer.models.catalog import HubFile, HubSource
from writer.models.download import HubSettings, fetch_hub

REAL_CLIENT = f"""
import huggingface_hub as h, json, sys
cache = sys.argv[1]
path = h.hf_hub_download({REPOSITORY!r}, {WEIGHTS!r}, revision={REVISION!r}, cache_dir=cache)
folder = h.snapshot_download({REPOSITORY!r}, revision={REVISION!r}, cache_dir=cache + "-2")
print(json.dumps([h.__version__, path, folder]))
"""


def check_real_client(python: str, hub: Hub, cache: Path) -> str:
    """Let the real huggingface_hub fetch from this hub; returns its version."""
    environ = os.environ | {"HF_ENDPOINT": hub.url, "HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
    command = [python, "-c", REAL_CLIENT, str(cache)]
    result = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    version, path, folder = json.loads(result.stdout)
    assert Path(path).read_bytes() == CONTENT
    assert {p.name: p.read_bytes() for p in Path(folder).iterdir()} == {"config.json": CONFIG, WEIGHTS: CONTENT}
    return str(version)


def test_the_real_client_can_download_from_the_hub_of_these_tests(hub: Hub, tmp_path: Path) -> None:
    check_real_client(sys.executable, hub, tmp_path / "cache")
    assert any(path.startswith("/api/resolve-cache/") for _, path, _ in hub.requests)


@pytest.mark.parametrize("source", [SOURCE, PINNED], ids=["asked", "pinned"])
def test_a_model_arrives_whole(source: HubSource, hub: Hub, settings: HubSettings, folder: Path) -> None:
    events = list(fetch_hub(source, folder, settings))
    check_arrived(folder)
    assert events[-1].done_bytes == events[-1].total_bytes == len(CONTENT) + len(CONFIG)
    assert all(event.done_bytes <= event.total_bytes for event in events)
    assert sent_share(hub) == 1


@pytest.mark.parametrize("is_offline", [False, True])
@pytest.mark.parametrize("source", [SOURCE, PINNED], ids=["asked", "pinned"])
def test_n21_what_is_here_already_needs_no_connection(
    source: HubSource, is_offline: bool, hub: Hub, settings: HubSettings, folder: Path
) -> None:
    list(fetch_hub(source, folder, settings))
    with recorded_connections() as connections:
        events = list(fetch_hub(source, folder, replace(settings, is_offline=is_offline)))
    assert connections == []
    check_arrived(folder)
    assert events[-1].done_bytes == events[-1].total_bytes == len(CONTENT) + len(CONFIG)


@pytest.mark.parametrize("damage", ["no-json", "other-revision", "other-hash", "sha1-of-weights", "odd-size", "gone"])
def test_n21_notes_that_cannot_be_trusted_are_asked_about_again(
    damage: str, hub: Hub, settings: HubSettings, folder: Path
) -> None:
    """The files are right: they are neither thrown away nor fetched again."""
    list(fetch_hub(SOURCE, folder, settings))
    note = folder / ".verified.json"
    values = json.loads(note.read_text())
    match damage:
        case "other-revision":
            values["revision"] = "f" * 40
        case "other-hash":
            values["files"][WEIGHTS]["hash"] = "0" * 64
        case "sha1-of-weights":
            values["files"][WEIGHTS]["hash"] = hashlib.sha1(b"blob %d\0" % len(CONTENT) + CONTENT).hexdigest()
        case "odd-size":
            values["files"][WEIGHTS]["size_bytes"] = "1e400"
    note.write_text("[" * 100_000 if damage == "no-json" else json.dumps(values))
    if damage == "gone":
        note.unlink()
    n_before = len(hub.requests)
    with pytest.raises(WriterError, match="HF_HUB_OFFLINE"):
        list(fetch_hub(SOURCE, folder, replace(settings, is_offline=True)))
    list(fetch_hub(SOURCE, folder, settings))
    check_arrived(folder)
    assert sent_share(hub) == 1
    assert len(hub.requests) > n_before
    list(fetch_hub(SOURCE, folder, replace(settings, is_offline=True)))  # and noted again


def _cached(cache: Path, name: str, content: bytes, blob_name: str) -> Path:
    """A file in the user's cache, as huggingface_hub lays it out; returns where its bytes are."""
    home = cache / "models--openai-community--tiny"
    blob, link = home / "blobs" / blob_name, home / "snapshots" / REVISION / name
    for folder in (blob.parent, link.parent):
        folder.mkdir(parents=True, exist_ok=True)
    blob.write_bytes(content)
    link.symlink_to(blob)
    return blob


def test_m06_the_users_cache_is_copied_after_a_check_and_never_linked_to(
    hub: Hub, settings: HubSettings, folder: Path, tmp_path: Path
) -> None:
    _cached(tmp_path / "cache", WEIGHTS, CONTENT, hashlib.sha256(CONTENT).hexdigest())
    list(fetch_hub(SOURCE, folder, replace(settings, cache=tmp_path / "cache")))
    check_arrived(folder)
    assert not (folder / WEIGHTS).is_symlink()
    assert hub.sent_bytes[WEIGHTS] == 0


def test_n22_a_truncated_file_in_the_cache_is_not_used(
    hub: Hub, settings: HubSettings, folder: Path, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    _cached(cache, WEIGHTS, CONTENT[:-1], hashlib.sha256(CONTENT).hexdigest())
    _cached(cache, "config.json", CONFIG, hashlib.sha1(b"blob %d\0" % len(CONFIG) + CONFIG).hexdigest())
    for source in (SOURCE, PINNED):
        with pytest.raises(WriterError, match="HF_HUB_OFFLINE"):
            list(fetch_hub(source, folder, replace(settings, cache=cache, is_offline=True)))
        check_nothing_final(folder)
    assert hub.requests == []
    list(fetch_hub(SOURCE, folder, replace(settings, cache=cache)))
    check_arrived(folder)
    assert sent_share(hub) == 1


def test_n22_a_kept_source_that_was_truncated_is_not_used(hub: Hub, settings: HubSettings, folder: Path) -> None:
    list(fetch_hub(SOURCE, folder, settings))
    (folder / WEIGHTS).write_bytes(CONTENT[:-1])
    with pytest.raises(WriterError, match="HF_HUB_OFFLINE"):
        list(fetch_hub(SOURCE, folder, replace(settings, is_offline=True)))
    list(fetch_hub(SOURCE, folder, settings))
    check_arrived(folder)
    assert sent_share(hub) == 2


def test_n22_weights_in_the_cache_under_a_name_that_is_no_sha256_are_not_believed(
    hub: Hub, settings: HubSettings, folder: Path, tmp_path: Path
) -> None:
    other = bytes(len(CONTENT))
    cache = tmp_path / "cache"
    _cached(cache, WEIGHTS, other, hashlib.sha1(b"blob %d\0" % len(other) + other).hexdigest())
    with pytest.raises(WriterError, match="HF_HUB_OFFLINE"):
        list(fetch_hub(SOURCE, folder, replace(settings, cache=cache, is_offline=True)))
    check_nothing_final(folder)
    list(fetch_hub(SOURCE, folder, replace(settings, cache=cache)))
    check_arrived(folder)


@pytest.mark.parametrize(
    ("headers", "pinned_is_enough"),
    [
        pytest.param({"x-linked-etag": None, "x-linked-size": None}, True, id="N04-none"),
        pytest.param({"x-linked-etag": '"rubbish"'}, True, id="N04-garbage-etag"),
        pytest.param({"x-linked-etag": f'"{"0" * 40}"'}, True, id="N04-only-a-git-sha1-for-weights"),
        pytest.param({"x-linked-size": "many"}, True, id="N04-garbage-size"),
        pytest.param({"x-linked-size": "9" * 400}, True, id="N04-size-of-400-digits"),
        pytest.param({"x-linked-size": "9" * 5000}, True, id="N04-size-of-5000-digits"),
        pytest.param({"x-linked-size": "-1"}, True, id="N04-negative-size"),
        pytest.param({"x-linked-size": "9" * 15}, True, id="N04-size-of-no-disk"),
        pytest.param({"x-repo-commit": "f" * 40}, False, id="N04-other-commit"),
        pytest.param({"x-repo-commit": None}, True, id="N04-no-commit"),
    ],
)
def test_n04_a_file_nobody_vouches_for_is_not_fetched(
    headers: dict[str, str | None],
    pinned_is_enough: bool,
    hub: Hub,
    settings: HubSettings,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    original = HubHandler.send_header

    def send_header(self: HubHandler, name: str, value: str) -> None:
        if name in headers and WEIGHTS in self.path:
            value = headers[name] or ""
            if not value:
                return
        original(self, name, value)

    monkeypatch.setattr(HubHandler, "send_header", send_header)
    with pytest.raises(WriterError):
        list(fetch_hub(SOURCE, folder, settings))
    check_nothing_final(folder)
    assert hub.sent_bytes[WEIGHTS] == 0
    if pinned_is_enough:
        list(fetch_hub(PINNED, folder, settings))
        check_arrived(folder)


def test_n04_another_hash_than_the_catalogues_is_refused_before_a_byte_is_fetched(
    hub: Hub, settings: HubSettings, folder: Path
) -> None:
    source = replace(SOURCE, files=(HubFile(WEIGHTS, sha256="0" * 64),))
    with pytest.raises(WriterError, match="offers another"):
        list(fetch_hub(source, folder, settings))
    assert hub.sent_bytes[WEIGHTS] == 0


def test_the_hubs_own_word_comes_with_a_redirect_only(hub: Hub, settings: HubSettings, folder: Path) -> None:
    facts = {"x-linked-etag": f'"{"0" * 64}"', "x-linked-size": "5"}
    hub.hub_fault = hub_answering(404, facts, name=WEIGHTS, methods="HEAD")
    with pytest.raises(WriterError, match=f"does not have {WEIGHTS}"):
        list(fetch_hub(SOURCE, folder, settings))


def test_a_repository_whose_name_the_library_refuses_is_asked_of_the_hub(
    settings: HubSettings, folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(WriterError, match=r"does not have config\.json"):
        list(fetch_hub(replace(SOURCE, repository="a--b/c..d"), folder, replace(settings, cache=tmp_path)))


def test_settings_come_from_the_variables_of_huggingface_hub(tmp_path: Path) -> None:
    home = tmp_path / "hf"
    home.mkdir()
    (home / "token").write_text("hf_from_file\n")
    found = HubSettings.from_environment({"HF_HOME": str(home), "HF_ENDPOINT": "http://mirror/", "HF_HUB_OFFLINE": "1"})
    assert found.endpoint == "http://mirror"
    assert found.token == "hf_from_file"
    assert found.is_offline
    assert found.cache == home / "hub"
    assert "hf_from_file" not in repr(found)
    assert HubSettings.from_environment({"HF_TOKEN": "mine", "HF_HOME": str(home)}).token == "mine"


@pytest.mark.parametrize("endpoint", ["file:///etc", "huggingface.co", "https://", "https://a:port", "https://a\0b"])
def test_an_endpoint_that_is_no_address_is_named(endpoint: str) -> None:
    with pytest.raises(WriterError, match="HF_ENDPOINT"):
        HubSettings.from_environment({"HF_ENDPOINT": endpoint})


@pytest.mark.parametrize("token", ["hf_café", "hf_a b", "hf_a\nx-evil: 1", "hf_\x7f"])
def test_a_token_that_no_header_can_carry_is_noticed_at_once(token: str, tmp_path: Path) -> None:
    with pytest.raises(WriterError, match="HF_TOKEN") as caught:
        HubSettings.from_environment({"HF_TOKEN": token})
    assert token not in str(caught.value)
    (tmp_path / "token").write_text(token, encoding="utf-8")
    assert HubSettings.from_environment({"HF_HOME": str(tmp_path)}).token == ""


def test_a_folder_without_room_for_a_link_is_no_obstacle(
    hub: Hub, settings: HubSettings, folder: Path, tmp_path: Path
) -> None:
    """Where links are not to be had, the cache holds plain files: a pinned one is known by its hash all the same."""
    cache = tmp_path / "cache"
    blob = _cached(cache, WEIGHTS, CONTENT, "blob")
    link = cache / "models--openai-community--tiny" / "snapshots" / REVISION / WEIGHTS
    link.unlink()
    shutil.move(blob, link)
    list(fetch_hub(PINNED, folder, replace(settings, cache=cache)))
    check_arrived(folder)
    assert hub.sent_bytes[WEIGHTS] == 0
