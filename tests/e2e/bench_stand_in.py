"""In place of a bench on another machine: ``python bench_stand_in.py FOLDER`` writes what lies in that folder.

``lines``: to stdout at once; ``errors``: to stderr; then it writes its process number to ``pid``, and waits as long as
there is a file ``wait``. On SIGINT it writes ``last`` and ends with 130, else with the number in ``status``.
"""

import os
import sys
import time
from pathlib import Path
from typing import TextIO


def main(folder: Path) -> int:
    def text(name: str) -> str:
        return (folder / name).read_text() if (folder / name).exists() else ""

    _write(sys.stdout, text("lines"))
    _write(sys.stderr, text("errors"))
    (folder / "pid.part").write_text(str(os.getpid()))
    (folder / "pid.part").rename(folder / "pid")
    try:
        while (folder / "wait").exists():
            time.sleep(0.02)
    except KeyboardInterrupt:
        _write(sys.stdout, text("last"))
        return 130
    return int(text("status") or 0)


def _write(stream: TextIO, text: str) -> None:
    stream.write(text)
    stream.flush()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
