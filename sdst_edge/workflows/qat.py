"""Quantisation-aware fine-tuning of a checkpoint by the recipe ``int8.toml``, and what it was good for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from sdst_edge.datasets import open_dataset
from sdst_edge.training.recipe import Quantization, QuantizedVariant, Recipe, load_recipe
from sdst_edge.weights import find_weights
from sdst_edge.workflows.output_files import is_same_file, replacing
from sdst_runtime.errors import ConfigError

if TYPE_CHECKING:
    from sdst_edge.models import SiameseModel
    from sdst_edge.training.pairs.batch import PairBatch
    from sdst_edge.training.run.result import TrainProgress
    from sdst_edge.training.run.validation import Validation

__all__ = ["OnQat", "QatRequest", "QatResult", "RoundedNetwork", "run_qat"]

RECIPE = "int8.toml"
#: Batches to find ranges from, and as many to compare maps over.
_MEASURED = 4

#: Called with what is being done, the share of it, and how far training is where that is what is being done.
OnQat = Callable[[str, float, "TrainProgress | None"], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class QatRequest:
    """What is to be done.

    Attributes:
        checkpoint: the float network, or the name of a shipped student; it is the teacher, too.
        data: folder of the data set to learn from.
        output: checkpoint to write; the run is kept beside it, in a folder of its name that ends in ``.qat``.
        variant: whose rounding the network learns to work with; None for the recipe's.
        steps: of the optimiser; None for the recipe's.
        validate: folder of a data set to track over; None for none.
        changes: of the recipe, ``key=value`` each, applied last.
    """

    checkpoint: Path
    data: Path
    output: Path
    variant: QuantizedVariant | None = None
    steps: int | None = None
    validate: Path | None = None
    changes: Sequence[str] = ()

    @property
    def run_folder(self) -> Path:
        """Of the training run, from which it is resumed."""
        return self.output.with_suffix(".qat")


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundedNetwork:
    """A network before or after, as PyTorch rounds it; an exported bundle is measured by the export.

    Attributes:
        drift: by output, how far its rounded maps are from its float ones: relative L2 over pairs, see
            :func:`sdst_edge.training.quantization_aware.drift.drift`.
        auc_float: success AUC by the house rule as it is, 0..1; None where nothing was tracked.
        auc_rounded: likewise, rounded.
    """

    drift: Mapping[str, float]
    auc_float: float | None
    auc_rounded: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class QatResult:
    """What came out.

    Attributes:
        checkpoint: that was written.
        run: folder of the run.
        variant: whose rounding it was.
        steps: of the optimiser.
        seconds: of training.
        before: the network that was given.
        after: the one that was written.
    """

    checkpoint: str
    run: str
    variant: QuantizedVariant
    steps: int
    seconds: float
    before: RoundedNetwork
    after: RoundedNetwork


def run_qat(request: QatRequest, on_progress: OnQat | None = None) -> QatResult:
    """Fine-tunes a checkpoint under the rounding of an INT8 variant, or goes on where that was left.

    Args:
        request: what is to be done.
        on_progress: called now and then.

    Raises:
        ConfigError: a change does not fit the recipe, the run folder holds another run or one of another checkpoint of
            that name, files are the same, or the output is a folder.
        CheckpointError: the checkpoint is missing or damaged, or the output cannot be written.
        DatasetError: a data set is missing or broken.
    """
    from sdst_edge.models import load_checkpoint
    from sdst_edge.training.loop import train
    from sdst_edge.training.run.validation import Validation

    recipe = recipe_of(request)
    table = recipe.quantization or Quantization()
    given = load_checkpoint(request.checkpoint).model
    validation = Validation.of(recipe)
    _remember_start(request)
    told = on_progress or (lambda *_: None)
    result = train(recipe, request.run_folder, devices=1, on_progress=lambda at: told("train", at.fraction, at))
    told("measure", 0.0, None)
    learned = load_checkpoint(result.files.model).model
    with _pairs(recipe, given, after=result.steps) as pairs:
        before = _measured(given, table, pairs, validation)
        told("measure", 0.5, None)
        after = _measured(learned, table, pairs, validation)
    with replacing(request.output) as part:
        part.write_bytes(result.files.model.read_bytes())
    told("measure", 1.0, None)
    return QatResult(
        checkpoint=str(request.output),
        run=str(request.run_folder),
        variant=table.variant,
        steps=result.steps,
        seconds=result.seconds,
        before=before,
        after=after,
    )


def recipe_of(request: QatRequest) -> Recipe:
    """The recipe of a request, whose data sets are there.

    Raises:
        ConfigError: a change does not fit, files are the same, or the output is a folder.
        DatasetError: a data set is missing or broken.
    """
    if is_same_file(request.checkpoint, request.output):
        raise ConfigError(f"{request.output} is the checkpoint to start from; give the output another name")
    if request.output.is_dir():
        raise ConfigError(f"{request.output} is a folder, expected the name of a checkpoint to write")
    for folder in (request.data, request.validate):
        if folder is not None:
            open_dataset(folder)
    start = json.dumps(str(request.checkpoint))  # a string of JSON is one of TOML
    changes = [
        f"model.start={start}",
        f"distillation.general.0.checkpoint={start}",
        f"data.sources.0.path={json.dumps(str(request.data))}",
    ]
    if request.variant is not None:
        changes.append(f"quantization.variant={request.variant}")
    if request.steps is not None:
        changes.append(f"optimization.steps={request.steps}")
    if request.validate is not None:
        changes.append(f"evaluation.path={json.dumps(str(request.validate))}")
    return load_recipe(RECIPE, [*changes, *request.changes])


def _remember_start(request: QatRequest) -> None:
    """Keeps what the checkpoint is by its SHA-256; a recipe knows it by its name alone.

    Raises:
        ConfigError: the run was begun with another checkpoint of that name.
        CheckpointError: the run folder cannot be written.
    """
    from sdst_edge.training.run.files import RunFiles, write_whole

    start = hashlib.sha256(find_weights(request.checkpoint).read_bytes()).hexdigest()
    kept = request.run_folder / ".start.sha256"
    if kept.exists() and RunFiles(request.run_folder).keeps_something:
        if kept.read_text(encoding="utf-8") != start:
            raise ConfigError(
                f"{request.checkpoint} has changed since the run in {request.run_folder} was begun with it; remove "
                "that folder, or give the output another name"
            )
        return
    request.run_folder.mkdir(parents=True, exist_ok=True)
    write_whole(kept, lambda file: file.write(start.encode()))


@contextmanager
def _pairs(recipe: Recipe, network: SiameseModel, *, after: int) -> Iterator[Sequence[PairBatch]]:
    """Batches that the run would have learnt from next."""
    from sdst_edge.training.pairs.loader import PairLoader

    with PairLoader(recipe, [network.config], batch_size=recipe.optimization.batch_size, first_step=after) as loader:
        yield list(islice(loader, 2 * _MEASURED))


def _measured(
    network: SiameseModel, table: Quantization, pairs: Sequence[PairBatch], validation: Validation | None
) -> RoundedNetwork:
    from sdst_edge.training.quantization_aware.drift import calibrated, drift

    quantizer = calibrated(network, table, pairs[:_MEASURED])
    apart = drift(network, quantizer, network, pairs[_MEASURED:])
    if validation is None:
        return RoundedNetwork(drift=apart, auc_float=None, auc_rounded=None)
    validation.quantizer = None
    as_it_is = validation.auc(network)
    validation.quantizer = quantizer
    return RoundedNetwork(drift=apart, auc_float=as_it_is, auc_rounded=validation.auc(network))
