"""A session that runs a torch network, so that teachers and checkpoints go through the Tracker of the device."""

from __future__ import annotations

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
    """Runs a network batch 1, float32, without gradients; a ``sdst_runtime.session.Session``.

    Args:
        model: put into eval mode; it may be on any device.
    """

    def __init__(self, model: SiameseModel) -> None:
        self._model: SiameseModel | None = model.eval()
        self._device = next(model.parameters()).device

    def embed(self, z: NDArray[np.float32]) -> TorchTemplate:
        """Runs the template branch on (1, 3, template_size, template_size)."""
        model = self._open_model()
        with torch.inference_mode():
            return TorchTemplate(model.template(self._tensor(z, model.config.template_shape, "template")))

    def match(self, template: Template, x: NDArray[np.float32]) -> Outputs:
        """Runs search branch and head.

        Args:
            template: of :meth:`embed`, not closed.
            x: as the crop leaves it, of one of the two search sizes where the configuration has two.

        Returns:
            Newly allocated maps.
        """
        model = self._open_model()
        if not isinstance(template, TorchTemplate):
            raise SdstError(f"template is a {type(template).__name__}, expected one that this session embedded")
        small = model.config.for_small_target()
        shape = model.config.search_shape
        if small is not None and x.shape == small.search_shape:
            shape = small.search_shape
        with torch.inference_mode():
            maps = model.head(template.features, model.search(self._tensor(x, shape, "search")))
        return tuple(item.cpu().contiguous().numpy() for item in maps)

    def close(self) -> None:
        """Lets go of the network. Closing twice is allowed."""
        self._model = None

    def _open_model(self) -> SiameseModel:
        if self._model is None:
            raise SdstError("this session was closed; make a new one")
        return self._model

    def _tensor(self, pixels: NDArray[np.float32], shape: tuple[int, ...], name: str) -> torch.Tensor:
        if pixels.shape != shape or pixels.dtype != np.float32:
            raise SdstError(f"{name} is {pixels.dtype} {pixels.shape}, expected float32 {shape}")
        return torch.from_numpy(pixels).to(self._device)
