"""The documents say what is so: commands exist, links lead somewhere, versions agree."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conftest import PROJECT

DOCUMENTS = sorted(
    path.relative_to(PROJECT).as_posix()
    for pattern in ("*.md", "docs/**/*.md", "benchmarks/**/*.md", "runtimes/**/*.md")
    for path in PROJECT.glob(pattern)
)


def _code(text: str) -> str:
    blocks = re.findall(r"```(?:sh|bash|console)?\n(.*?)```", text, flags=re.DOTALL)
    return "\n".join([*blocks, *re.findall(r"`([^`\n]+)`", text)])


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_to_files(document: str) -> None:
    path = PROJECT / document
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
        if not re.match(r"[a-z]+:", target):
            assert (path.parent / target).exists(), f"{document} links to {target}, which does not exist"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_make_targets_exist(document: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    named = set(
        re.findall(r"^\s*make ([a-z-]+)", _code((PROJECT / document).read_text(encoding="utf-8")), flags=re.MULTILINE)
    )
    assert named <= targets, f"{document} names {sorted(named - targets)}, which the Makefile does not have"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_commands_and_options_exist(document: str) -> None:
    import typer

    from sdst_edge.cli.app import app

    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    for line in _code((PROJECT / document).read_text(encoding="utf-8")).splitlines():
        match = re.match(r"^\s*(?:\.venv/bin/)?sdst-edge ([a-z][a-z-]*)(.*)", line)
        if match is None:
            continue
        command, rest = match.groups()
        assert command in commands, f"{document}: sdst-edge has no command {command}"
        known = {option for parameter in commands[command].params for option in parameter.opts} | {"--help"}
        used = set(re.findall(r"(?<=\s)(--?[a-z][a-z-]*)", rest))
        assert used <= known, f"{document}: sdst-edge {command} has no {sorted(used - known)}"


def test_readme_states_the_two_commands() -> None:
    code = _code((PROJECT / "README.md").read_text(encoding="utf-8"))
    assert re.search(r"^make demo", code, flags=re.MULTILINE)
    assert re.search(r"^make test", code, flags=re.MULTILINE)


def test_versions_agree() -> None:
    import sdst_runtime
    from sdst_runtime import native

    project = re.search(r'^version = "([^"]+)"', (PROJECT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    changelog = re.search(r"^## \[(\d[^\]]*)\]", (PROJECT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert project is not None
    assert changelog is not None
    assert project[1] == changelog[1] == sdst_runtime.__version__ == native.version()


def test_no_machine_path_is_written_down() -> None:
    suffixes = {".py", ".c", ".h", ".md", ".toml", ".txt", ".in", ".cmake"}
    home = Path.home().as_posix() + "/"
    checkout = PROJECT.parent.as_posix() + "/"
    for path in PROJECT.rglob("*"):
        parts = path.relative_to(PROJECT).parts
        if (
            path.suffix not in suffixes
            or parts[0] in {"build", "dist", "demo"}
            or any(p.startswith(".") for p in parts)
        ):
            continue
        text = path.read_text(encoding="utf-8")
        assert checkout not in text, f"{path.name} holds the path of this checkout"
        assert home not in text, f"{path.name} holds the path of a home folder"
