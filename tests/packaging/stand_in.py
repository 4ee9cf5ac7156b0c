"""A program that answers the smoke test as Writer does, without a model; FAULTS in its environment is how it fails."""

import json
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

FAULTS = os.environ.get("FAULTS", "").split(",")
HOME = Path.home()


def main() -> int:
    arguments = sys.argv[1:]
    state = HOME / ".local" / "state" / "writer"
    state.mkdir(parents=True, exist_ok=True)
    (state / "log").write_text("\n".join(arguments))
    with tempfile.NamedTemporaryFile():
        pass
    match arguments:
        case ["--version"]:
            print("writer 9.9.9")
        case ["--no-such-option"] | ["models", "no-such-command"] | ["generate"]:
            print("writer: No.", file=sys.stderr)
            if "two lines" in FAULTS:
                print("Traceback", file=sys.stderr)
            return 1 if "wrong status" in FAULTS else 2
        case ["devices", *_]:
            print(json.dumps({"runtime_version": "1", "offered": [{"device": "cpu", "is_used": True}]}))
        case ["models", *_]:
            model_id = "other" if "no starter" in FAULTS else "starter"
            print(json.dumps([{"id": model_id, "installed": True, "state": "ready"}]))
        case ["generate", *_]:
            return misbehave()
        case ["self-test", folder]:
            if "failed step" in FAULTS:
                print("the window opens  ok  0.1 s\nthe text is saved  FAILED  0.1 s  No room is left.")
                return 1
            (Path(folder) / "self-test.txt").write_text("some text")
            if "a lock" in FAULTS:
                (Path(folder) / ".self-test.txt.writer-lock").touch()
            print("the window opens  ok  0.1 s")
    return 0


def misbehave() -> int:
    for fault in FAULTS:
        match fault:
            case "in the home":
                (HOME / ".other").mkdir()
            case "in the cache":
                (HOME / ".cache").mkdir()
                (HOME / ".cache" / "deviceid").write_text("1")
            case "left in tmp":
                (Path(tempfile.gettempdir()) / "left").write_text("1")
            case "in the current folder":
                Path("core").touch()
            case "in its own folder":
                (Path(__file__).parent / "compiled").touch()
            case "a passing file of its own folder":
                (Path(__file__).parent / "compiled").touch()
                (Path(__file__).parent / "compiled").unlink()
            case "elsewhere":
                Path(os.environ["ELSEWHERE"]).write_text("1")
            case "left running":
                quiet = subprocess.DEVNULL
                subprocess.Popen(["sleep", "60"], stdout=quiet, stderr=quiet, start_new_session=True)
            case "the network":
                return look_for_network()
    print("one two" if "few words" in FAULTS else "one two three four five six seven eight nine")
    return 0


def look_for_network() -> int:
    try:
        socket.create_connection(("192.0.2.1", 80), timeout=5)
    except OSError as error:
        print(error, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
