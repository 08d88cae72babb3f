"""Success AUC of the running mean of the weights on a validation set."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

from sdst_edge.datasets import Sequence, open_dataset
from sdst_edge.evaluation import evaluate
from sdst_edge.evaluation.run import check_runnable
from sdst_edge.models import SiameseModel, TorchSession
from sdst_edge.training.quantization_aware.quantizer import Quantizer
from sdst_edge.training.recipe import Recipe
from sdst_runtime.errors import DatasetError
from sdst_runtime.tracker import Tracker

__all__ = ["METRIC", "Validation"]

METRIC = "success_auc"


class Validation:
    """A validation set that a network is tracked over.

    Attributes:
        sequences: of it.
        quantizer: networks are run with its rounding; None for as they are.

    Args:
        sequences: at least one, each with the target visible in its first frame and in one more.
    """

    def __init__(self, sequences: tuple[Sequence, ...]) -> None:
        for sequence in sequences:
            check_runnable(sequence)
        self.sequences = sequences
        self.quantizer: Quantizer | None = None

    @classmethod
    def of(cls, recipe: Recipe) -> Validation | None:
        """The recipe's; None where it has none.

        Raises:
            DatasetError: the set is missing or broken, or one of its sequences cannot be scored.
        """
        chosen = recipe.evaluation
        if chosen is None:
            return None
        try:
            sequences = open_dataset(Path(recipe.data.root) / chosen.path, chosen.layout).sequences
        except DatasetError as error:
            raise DatasetError(f"recipe: evaluation, {chosen.path}: {error}") from None
        count = min(chosen.sequences or len(sequences), len(sequences))
        return cls(tuple(sequences[index * len(sequences) // count] for index in range(count)))

    def auc(self, model: SiameseModel) -> float:
        """Success AUC by the house rule, 0..1; float32, on the model's device.

        Args:
            model: put into eval mode.
        """
        session = TorchSession(model)
        rounded = nullcontext() if self.quantizer is None else self.quantizer.applied(model)
        with rounded, Tracker(session, model.config) as tracker:
            overall = evaluate(tracker, self.sequences).overall
        return overall[METRIC] or 0.0
