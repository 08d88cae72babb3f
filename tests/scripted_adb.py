#!/usr/bin/env python3
"""An ``adb`` for tests, whose device is a folder of this machine; nothing here is Android.

Beside it lie ``devices``, what ``adb devices`` lists, and once it is unplugged a file ``gone``. What it writes then is
what adb writes.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
GONE = HERE / "gone"


def main(arguments: "list[str]") -> int:
    if arguments == ["devices"]:
        sys.stdout.write("* daemon not running; starting now at tcp:5037\n* daemon started successfully\n")
        sys.stdout.write("List of devices attached\n" + (HERE / "devices").read_text() + "\n")
        return 0
    option, serial, command, *words = arguments
    assert option == "-s"
    if GONE.exists() or f"{serial}\tdevice" not in (HERE / "devices").read_text():
        sys.stderr.write(f"adb: device '{serial}' not found\n")
        return 1
    if command == "push":
        if (HERE / "full").exists():
            sys.stderr.write(f"adb: error: failed to copy '{words[0]}' to '{words[1]}': No space left on device\n")
            return 1
        shutil.copy(*words)
        return 0
    assert command == "shell"
    return _shell(" ".join(words))


def _shell(line: str) -> int:
    """As Android's shell: HOME cannot be written."""
    environment = {"PATH": os.environ["PATH"], "HOME": "/proc/none", "XDG_CACHE_HOME": str(HERE / "data")}
    process = subprocess.Popen(["sh", "-c", line], env=environment, start_new_session=True)
    while process.poll() is None:
        if GONE.exists():
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return 0
        time.sleep(0.01)
    return process.returncode if process.returncode >= 0 else 128 - process.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
