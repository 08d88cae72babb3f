"""A session that runs a torch network, so that teachers and checkpoints go through the Tracker of the device."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from sdst_edge.models.base import Maps, SiameseModel
from sdst_runtime.errors import SdstError
from sdst_runtime.session import Outputs, Template

__all__ = ["TorchSession", "TorchTemplate"]


class TorchTemplate:
    """Template features of one target, on the device of the network."""

    def __init__(self, features: Maps) -> None:
        self._features: Maps | None = features

    @property
    def features(self) -> Maps:
        """(1, C, h, w), one per correlation.

        Raises:
            SdstError: the template was closed.
        """
        if self._features is None:
            raise SdstError("this template was closed; embed the target again")
        return self._features

    @property
    def size_bytes(self) -> int:
        """Bytes of the features, 0 once closed."""
        return sum(item.nbytes for item in self._features or ())

    def close(self) -> None:
        """Frees the features. Closing twice is allowed."""
        self._features = None


class TorchSession:
    """Runs a network float32, without gradients; a ``sdst_runtime.session.MaskSession``.

    Args:
        model: put into eval mode; it may be on any device.
    """

    def __init__(self, model: SiameseModel) -> None:
        self._model: SiameseModel | None = model.eval()
        self._device = next(model.parameters()).device
        config, small = model.config, model.config.for_small_target()
        self._search_shapes = [config.search_shape] + ([] if small is None else [small.search_shape])
        self._features: Maps = ()  # of the last match, which was of
        self._matched: TorchTemplate | None = None

    def embed(self, z: NDArray[np.float32]) -> TorchTemplate:
        """Runs the template branch on (1, 3, template_size, template_size)."""
        model = self._open_model()
        with torch.inference_mode():
            return TorchTemplate(model.template(self._tensor(z, [model.config.template_shape], "template")))

    def match(self, template: Template, x: NDArray[np.float32]) -> Outputs:
        """Runs search branch and head.

        Args:
            template: of :meth:`embed`, not closed.
            x: as the crop leaves it, of one of the two search sizes where the configuration has two.

        Returns:
            Newly allocated maps.
        """
        model, matched = self._open_model(), _own(template)
        with torch.inference_mode():
            features = model.search(self._tensor(x, self._search_shapes, "search"))
            maps = model.head(matched.features, features)
        self._features, self._matched = features, matched
        return tuple(item.cpu().contiguous().numpy() for item in maps)

    def segment(self, template: Template, cell: tuple[int, int]) -> NDArray[np.float32]:
        """Runs the mask branch on the search features of the last :meth:`match`.

        Args:
            template: the one that was matched last, not closed.
            cell: row and column in the output maps.

        Returns:
            Logits (1, 1, side, side), newly allocated.

        Raises:
            ConfigError: the network has no mask branch.
            SdstError: the last match was of another template, or there was none.
        """
        model, matched = self._open_model(), _own(template)
        if model.mask is not None and matched is not self._matched:
            raise SdstError("the last match was of another template, or there was none; call match() before segment()")
        with torch.inference_mode():
            logits = model.segment(matched.features, self._features, torch.tensor(cell, device=self._device))
        return logits.cpu().contiguous().numpy()

    def close(self) -> None:
        """Lets go of the network. Closing twice is allowed."""
        self._model = None
        self._features, self._matched = (), None

    def _open_model(self) -> SiameseModel:
        if self._model is None:
            raise SdstError("this session was closed; make a new one")
        return self._model

    def _tensor(self, pixels: NDArray[np.float32], shapes: Sequence[tuple[int, ...]], name: str) -> torch.Tensor:
        if pixels.shape not in shapes or pixels.dtype != np.float32:
            wanted = " or ".join(map(str, shapes))
            raise SdstError(f"{name} is {pixels.dtype} {pixels.shape}, expected float32 {wanted}")
        return torch.from_numpy(pixels).to(self._device)


def _own(template: Template) -> TorchTemplate:
    if not isinstance(template, TorchTemplate):
        raise SdstError(f"template is a {type(template).__name__}, expected one that this session embedded")
    return template
