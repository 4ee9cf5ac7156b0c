"""Faults that pass are overcome, and no byte is fetched again without need. Names carry the ids of the fault matrix."""

import gzip
import hashlib
import json
import random
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.models.hub.cases import (
    CONTENT,
    HURRIED,
    PINNED,
    SOURCE,
    WEIGHTS,
    Script,
    answering,
    broken_after,
    check_arrived,
    downloading_threads,
    fetched,
    first_times,
    hub_answering,
    in_turn,
    reset_after,
    sent_share,
    stalls,
    too_long,
    wrong_bytes,
    wrong_range,
)
from tests.models.hub_server import Hub, HubBlob, HubHandler
from writer.models.download import HubSettings
from writer.models.download.requests import _wait_s

BEGIN = broken_after(1_000_000)  # a third of the file
LAST = len(CONTENT) - 1
CUTS = random.Random(15)


def _whole_file(handler: HubHandler, blob: HubBlob, begin: int) -> bool:
    handler.send_blob(blob, 0, blob.size)
    return True


def _changed_etag(handler: HubHandler, blob: HubBlob, begin: int) -> bool:
    if begin:
        raise AssertionError("If-Range should have brought the whole file")
    if handler.hub.etag_suffix:
        return False
    handler.send_blob(blob, 0, blob.size, n_body=1_500_000)
    handler.hub.etag_suffix = "-new"
    handler.break_off()
    return True


def _packed(handler: HubHandler, blob: HubBlob, begin: int) -> bool:
    packed = gzip.compress(CONTENT[begin:])
    handler.reply(206 if begin else 200, {"content-encoding": "gzip", "connection": "close"}, packed)
    handler.hub.sent_bytes[WEIGHTS] += len(packed)
    handler.break_off()
    return True


def _silent(handler: HubHandler, blob: HubBlob, begin: int) -> bool:
    time.sleep(1.2)
    handler.break_off()
    return True


def _waiting(retry_after: str) -> Script:
    return in_turn(answering(429, {"retry-after": retry_after}))


PORTAL = answering(200, {"content-type": "text/plain"}, b"please pay for your stay")


@pytest.mark.parametrize(
    ("fault", "again"),
    [
        pytest.param(in_turn(BEGIN), 0, id="N01-short-body"),
        pytest.param(in_turn(too_long), 1, id="N02-long-body"),
        pytest.param(in_turn(wrong_bytes), 0, id="N03-wrong-bytes-once"),
        pytest.param(first_times(2, broken_after(500_000, {"etag": '"caf\xe9"'})), 0, id="N04-etag-that-is-no-header"),
        pytest.param(_changed_etag, 0.49, id="N05-etag-changes"),
        pytest.param(in_turn(BEGIN, _whole_file), 0.33, id="N06-200-in-place-of-206"),
        pytest.param(in_turn(broken_after(2_900_000), PORTAL, PORTAL), 0, id="N06-200-of-another-length"),
        pytest.param(in_turn(BEGIN, answering(204)), 0, id="N06-204-in-place-of-206"),
        pytest.param(in_turn(BEGIN, wrong_range("bytes */*")), 0.33, id="N07-malformed-range"),
        pytest.param(in_turn(BEGIN, wrong_range("bytes 5-9/10")), 0.33, id="N07-wrong-range"),
        pytest.param(in_turn(BEGIN, wrong_range(f"bytes 5-{LAST}/{LAST + 1}")), 0.33, id="N07-other-begin"),
        pytest.param(in_turn(BEGIN, wrong_range(f"bytes {'9' * 5000}-9/10")), 0.33, id="N07-endless-range"),
        pytest.param(in_turn(BEGIN, wrong_range("")), 0.33, id="N07-no-range"),
        pytest.param(in_turn(answering(416)), 0, id="N08-416"),
        pytest.param(in_turn(BEGIN, answering(416)), 0.33, id="N08-416-for-a-stale-partial"),
        pytest.param(_waiting("999999999"), 0, id="N09-endless-wait"),
        pytest.param(_waiting("-5"), 0, id="N09-negative-wait"),
        pytest.param(_waiting("Fri, 31 Dec 2999 23:59:59 GMT"), 0, id="N09-date"),
        pytest.param(_waiting(f"Fri, 31 Dec {'9' * 20} 23:59:59 GMT"), 0, id="N09-absurd-year"),
        pytest.param(first_times(2, answering(500)), 0, id="N10-500"),
        pytest.param(first_times(2, answering(502)), 0, id="N10-502"),
        pytest.param(first_times(3, answering(503)), 0, id="N10-503"),
        pytest.param(first_times(2, answering(504)), 0, id="N10-504"),
        pytest.param(in_turn(_silent), 0, id="N14-no-headers"),
        pytest.param(
            in_turn(*(reset_after(CUTS.randrange(20_000, 140_000)) for _ in range(20))), 0, id="N15-twenty-resets"
        ),
        pytest.param(first_times(2, _packed), 0, id="N17-packed"),
    ],
)
def test_a_fault_that_passes_is_overcome(
    fault: Script, again: float, hub: Hub, settings: HubSettings, folder: Path
) -> None:
    hub.fault = fault
    events = fetched(PINNED, folder, settings)
    check_arrived(folder)
    assert all(event.done_bytes <= event.total_bytes for event in events)
    # Each byte is fetched once, but for what a fault made worthless.
    assert again - 0.05 <= sent_share(hub) - 1 <= again + 0.1
    assert downloading_threads() == []


@pytest.mark.parametrize(
    ("header", "least_s", "most_s"),
    [
        pytest.param("12", 12, 12, id="N09-seconds"),
        pytest.param("-5", 0, 0, id="N09-negative"),
        pytest.param("nan", 0, 0, id="N09-no-number"),
        pytest.param("Fri, 31 Dec 1999 23:59:59 GMT", 0, 0, id="N09-past"),
        pytest.param("Fri, 31 Dec 2999 23:59:59 -0000", 1e9, 1e12, id="N09-no-zone"),
        pytest.param("Fri, 31 Dec 9999 23:59:59 -2359", 1e9, 1e12, id="N09-last-year"),
    ],
)
def test_retry_after_is_read(header: str, least_s: float, most_s: float) -> None:
    wait_s = _wait_s(header)
    assert wait_s is not None
    assert least_s <= wait_s <= most_s


@pytest.mark.parametrize("header", ["soon", f"Fri, 31 Dec {'9' * 20} 23:59:59 GMT", "Fri, 31 Dec 99999 23:59:59 GMT"])
def test_n09_a_retry_after_that_says_nothing_is_left_to_the_client(header: str) -> None:
    assert _wait_s(header) is None


@pytest.mark.parametrize("is_stale", [False, True], ids=["N08-complete", "N08-stale"])
def test_n08_a_whole_partial_is_taken_if_it_is_right(
    is_stale: bool, hub: Hub, settings: HubSettings, folder: Path
) -> None:
    """Killed between the last byte and the rename: asked for the rest, a server would say 416."""
    folder.mkdir(parents=True)
    sha256 = hashlib.sha256(CONTENT).hexdigest()
    identity = {"size_bytes": len(CONTENT), "sha256": sha256, "git_sha1": ""}
    (folder / f"{WEIGHTS}.part").write_bytes(bytes(len(CONTENT)) if is_stale else CONTENT)
    state = {"of": identity, "etag": '"x"', "synced": len(CONTENT)}
    (folder / f"{WEIGHTS}.part.json").write_text(json.dumps(state))
    fetched(PINNED, folder, settings)
    check_arrived(folder)
    assert hub.n_requests("cdn") == is_stale
    assert sent_share(hub) == is_stale


def test_n08_a_partial_of_another_file_is_not_gone_on_with(hub: Hub, settings: HubSettings, folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / f"{WEIGHTS}.part").write_bytes(b"x" * 2_000_000)
    state = {"of": {"size_bytes": len(CONTENT), "sha256": "0" * 64, "git_sha1": ""}, "etag": "", "synced": 2_000_000}
    (folder / f"{WEIGHTS}.part.json").write_text(json.dumps(state))
    fetched(PINNED, folder, settings)
    check_arrived(folder)
    assert not any("range" in headers for server, _, headers in hub.requests if server == "cdn")


def test_n09_nor_is_it_waited_for_when_the_hub_is_asked(hub: Hub, settings: HubSettings, folder: Path) -> None:
    busy = hub_answering(429, {"retry-after": "999999999"}, name="config.json")
    left = [busy, busy]
    hub.hub_fault = lambda handler, path: bool(left) and left[0](handler, path) and left.pop() is busy
    fetched(SOURCE, folder, settings)
    check_arrived(folder)
    assert left == []


def test_n14_silence_in_the_middle_is_not_waited_out(hub: Hub, settings: HubSettings, folder: Path) -> None:
    """Twenty seconds of it, where 0.6 are borne with."""
    hub.fault = in_turn(stalls(1_000_000))
    began = time.monotonic()
    fetched(PINNED, folder, settings)
    assert time.monotonic() - began < 15
    check_arrived(folder)


def test_n14_a_slow_start_is_not_taken_for_slowness(hub: Hub, settings: HubSettings, folder: Path) -> None:
    """Three attempts without an answer take longer than the time in which so much has to arrive."""
    hub.fault = first_times(3, _silent)
    limits = replace(HURRIED, answer_s=0.4, slow_s=0.8, slow_bytes_per_s=100_000)
    fetched(PINNED, folder, replace(settings, limits=limits))
    check_arrived(folder)
