"""Which teachers a stage learned from: a run knows its own recipe, and of its teachers only where they lie."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from sdst_edge.workflows.distill.stages import Stage
from sdst_edge.workflows.output_files import replacing
from sdst_edge.workflows.processes import is_first_process
from sdst_runtime.errors import CheckpointError, ConfigError

__all__ = ["NAME", "StageRecord"]

#: File in the folder of the stages: for each, the fingerprints of those that it needs.
NAME = "stages.json"


class StageRecord:
    """The file that keeps the fingerprints of stages.

    A fingerprint is of all that decides what a stage comes to: its recipe, and the fingerprints of what it needs.
    """

    def __init__(self, out: Path) -> None:
        """Reads what is there.

        Raises:
            ConfigError: there cannot be such a folder.
            CheckpointError: the file cannot be read.
        """
        self._out, self._path = out, out / NAME
        self._known: dict[str, str] = {}
        try:
            self._kept = json.loads(self._path.read_text(encoding="utf-8"))
            if not isinstance(self._kept, dict) or not all(isinstance(item, dict) for item in self._kept.values()):
                raise ValueError("it has another form")
        except FileNotFoundError:
            self._kept = {}
        except NotADirectoryError:
            raise ConfigError(f"{out} is a file or lies below one, expected a folder; give another one") from None
        except (OSError, ValueError) as error:
            raise CheckpointError(
                f"{self._path} cannot be read: {error}; remove it if the stages beside it are of the recipes they have"
            ) from None

    def check(self, stage: Stage) -> None:
        """Notes what a stage that is about to run needs; stages are told of in their order.

        Raises:
            ConfigError: its run was begun with other teachers than there are now.
            CheckpointError: the file cannot be written.
        """
        from sdst_edge.training.run.files import RunFiles, recipe_sha256

        needs = {name: self._known[name] for name in stage.needs}
        own = json.dumps([recipe_sha256(stage.recipe), needs], sort_keys=True)
        self._known[stage.name] = hashlib.sha256(own.encode()).hexdigest()
        folder = self._out / stage.name
        kept = self._kept.get(stage.name, {}) if RunFiles(folder).keeps_something else {}
        if changed := [name for name in needs if kept.get(name, needs[name]) != needs[name]]:
            raise ConfigError(
                f"{folder} was begun with another {' and '.join(changed)}, trained by other recipes than now; remove "
                f"{folder} to train it again, or give another folder for all of it"
            )
        if self._kept.get(stage.name) != needs:
            self._kept[stage.name] = needs
            self._write()

    def _write(self) -> None:
        if not is_first_process():
            return
        try:
            self._out.mkdir(parents=True, exist_ok=True)
            with replacing(self._path) as part:
                part.write_text(json.dumps(self._kept, indent=2) + "\n", encoding="utf-8")
        except OSError as error:
            raise CheckpointError(
                f"{self._path} cannot be written: {error.strerror}; make room and run it again, or give another folder"
            ) from None
