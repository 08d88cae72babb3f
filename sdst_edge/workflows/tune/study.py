"""The memory of a search: an Optuna study in a journal file, which survives interrupts and may be shared."""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Sequence as Items
from pathlib import Path
from typing import TYPE_CHECKING

from sdst_edge.datasets.sequence import Sequence
from sdst_edge.workflows.tune.parameters import BOUNDS, Parameters
from sdst_runtime.bundle import Bundle
from sdst_runtime.errors import ConfigError
from sdst_runtime.strict import to_plain

if TYPE_CHECKING:
    import optuna

__all__ = ["completed", "finished", "open_study", "study_identity"]

_PRUNE_BELOW_P = 0.1


def study_identity(bundle: Bundle, sequences: Items[Sequence], figure: str) -> str:
    """What a study must share with a search to be its own: network, sequences and figure, not the searched numbers.

    Args:
        bundle: that is tuned.
        sequences: that it is tuned on.
        figure: rule and metric.
    """
    manifest = bundle.manifest
    fixed = {name: value for name, value in to_plain(manifest.tracker).items() if name not in BOUNDS}
    graphs = {name: [graph.sha256 for graph in item.graphs.values()] for name, item in manifest.variants.items()}
    truth = [[item.name, hashlib.sha256(item.boxes_xywh.tobytes()).hexdigest()] for item in sequences]
    plain = [graphs, fixed, truth, figure, list(BOUNDS)]
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()


def open_study(path: Path, identity: str, before: Parameters, *, maximize: bool, seed: int) -> optuna.Study:
    """The study in a file, begun or gone on with. A new one tries ``before`` first.

    Args:
        path: of the journal file; its folder exists.
        identity: see :func:`study_identity`.
        before: parameters that the bundle has now.
        maximize: whether more is better.
        seed: of the proposals.

    Raises:
        ConfigError: the file cannot be read or written, or remembers another search.
    """
    import optuna
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    if not path.parent.is_dir():
        raise ConfigError(f"study {path}: the folder {path.parent} does not exist; make it first")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        pruner = optuna.pruners.WilcoxonPruner(p_threshold=_PRUNE_BELOW_P)
    try:
        study = optuna.create_study(
            study_name="sdst-edge tune",
            storage=optuna.storages.JournalStorage(JournalFileBackend(str(path))),
            sampler=optuna.samplers.TPESampler(),
            pruner=pruner,
            direction="maximize" if maximize else "minimize",
            load_if_exists=True,
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"study {path} cannot be used: {error}; name another file with --study") from None
    if "identity" not in study.user_attrs:
        study.set_user_attr("identity", identity)
        study.set_user_attr("before", before.by_name())
    elif study.user_attrs["identity"] != identity:
        raise ConfigError(
            f"study {path} is of another network, data set, rule or metric; name another file with --study, "
            "or delete this one"
        )
    study.sampler = optuna.samplers.TPESampler(seed=seed + len(study.trials))  # else a search that goes on repeats
    if not completed(study) and not any(trial.state.name == "WAITING" for trial in study.trials):
        study.enqueue_trial(study.user_attrs["before"])
    return study


def completed(study: optuna.Study) -> list[optuna.trial.FrozenTrial]:
    """The trials that ran all sequences."""
    return [trial for trial in study.trials if trial.state.name == "COMPLETE"]


def finished(study: optuna.Study) -> int:
    """How many trials count: those that ran all sequences or were ended early, not those that an interrupt cut off."""
    return sum(trial.state.name in ("COMPLETE", "PRUNED") for trial in study.trials)
