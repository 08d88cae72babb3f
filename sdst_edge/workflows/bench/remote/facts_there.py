"""Facts about the machine that runs this, as a line of JSON; sent to a Python that has nothing of ours.

Nothing but the standard library, and no syntax that Python 3.6 lacks.
"""

import importlib.util
import json
import os
import platform
import re
import shutil
import site
import sys
import tempfile

MARK = "sdst-edge-board: "
#: Older ones are as good as none: Ubuntu 22.04 and Debian 12 have typer 0.4 and 0.7.
LEAST = {"typer": (0, 12)}

MODULES = ("venv", "ensurepip", "numpy", "onnxruntime", "cv2", "typer")


def libc():
    # type: () -> tuple[str, str]
    """Name and version of the C library; empty where it is not known."""
    if hasattr(sys, "getandroidapilevel"):
        return "bionic", str(sys.getandroidapilevel())
    name, version = platform.libc_ver()
    if name == "glibc":
        return name, version
    return ("musl", "") if any(item.startswith("ld-musl-") for item in os.listdir("/lib")) else ("", "")


def machine():
    # type: () -> str
    """Of Python, which may have 32 bits under a kernel of 64."""
    name = platform.machine()
    return {"aarch64": "armv7l", "x86_64": "i686"}.get(name, name) if sys.maxsize < 2**32 else name


def cache():
    # type: () -> tuple[str, str]
    """A folder to keep files in between runs, or why there is none."""
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    places = [home, "/data/local/tmp"] if os.path.isdir("/data/local/tmp") else [home]
    reason = ""
    for place in places:
        folder = os.path.join(place, "sdst-edge")
        try:
            os.makedirs(folder, exist_ok=True)
            tempfile.TemporaryFile(dir=folder).close()
        except OSError as error:
            reason = reason or f"{folder}: {error.strerror}"
        else:
            return folder, ""
    return "", reason


def is_there(module):
    # type: (str) -> bool
    """Whether a module can be imported, and is new enough."""
    if importlib.util.find_spec(module) is None:
        return False
    if module not in LEAST or sys.version_info < (3, 8):
        return True
    from importlib import metadata

    try:
        numbers = re.findall("[0-9]+", metadata.version(module))
    except metadata.PackageNotFoundError:
        return True
    return tuple(map(int, numbers[:2])) >= LEAST[module]


def main():
    # type: () -> None
    """Writes the line, apart from what a login may have written before it."""
    (name, version), (folder, reason) = libc(), cache()
    facts = {
        "machine": machine(),
        "libc": name,
        "libc_version": version,
        "python": list(sys.version_info[:2]),
        "executable": sys.executable,
        "packages": site.getsitepackages() if sys.prefix != sys.base_prefix else [],
        "compiler": next((item for item in ("cc", "gcc", "clang") if shutil.which(item)), ""),
        "modules": [item for item in MODULES if is_there(item)],
        "cache": folder,
        "cache_reason": reason,
        "termux": "com.termux" in os.environ.get("PREFIX", ""),
    }
    sys.stdout.write("\n" + MARK + json.dumps(facts) + "\n")


if __name__ == "__main__":
    main()
