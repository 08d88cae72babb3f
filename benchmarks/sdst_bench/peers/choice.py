"""Which trackers a bundle is compared with."""

from __future__ import annotations

from collections.abc import Sequence as Items
from dataclasses import dataclass
from pathlib import Path

from sdst_bench.peers.opencv import CLASSES
from sdst_runtime.errors import CheckpointError, ConfigError

__all__ = ["PeerChoice"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerChoice:
    """Peers, and what they need.

    Attributes:
        names: of those that are wanted, such as ``KCF``; None for all.
        nano_backbone: ONNX file of NanoTrack's backbone, None where there is none.
        nano_head: of its neck and head.
        vit: ONNX file of VitTrack.
        peers_python: interpreter of an environment with numpy and cv2, for those that the OpenCV at hand has not.
        threads: of OpenCV, >= 1.
    """

    names: tuple[str, ...] | None = None
    nano_backbone: Path | None = None
    nano_head: Path | None = None
    vit: Path | None = None
    peers_python: Path | None = None
    threads: int = 1

    def __post_init__(self) -> None:
        if unknown := [name for name in self.names or () if name not in CLASSES]:
            raise ConfigError(f"there is no peer {unknown[0]!r}, expected some of {', '.join(CLASSES)}")
        if (self.nano_backbone is None) != (self.nano_head is None):
            raise ConfigError("--nano-backbone and --nano-head belong together: two files make one NanoTrack")
        for path in (self.nano_backbone, self.nano_head, self.vit):
            if path is not None and not path.is_file():
                raise CheckpointError(f"{path} does not exist, expected an ONNX file of weights")
        if self.peers_python is not None and not self.peers_python.is_file():
            raise ConfigError(
                f"--peers-python {self.peers_python} does not exist, expected the interpreter of an environment with "
                "numpy and OpenCV, such as peers/bin/python"
            )
        if self.threads < 1:
            raise ConfigError(f"threads of OpenCV is {self.threads}, expected at least 1")

    @property
    def wanted(self) -> tuple[str, ...]:
        """Names of the wanted, in the order of reports."""
        return tuple(name for name in CLASSES if self.names is None or name in self.names)

    def weights(self, name: str) -> Items[str] | None:
        """Files of weights of a peer; empty for one that needs none, None where they are not given."""
        needed = {"Nano": (self.nano_backbone, self.nano_head), "ViT": (self.vit,)}.get(name, ())
        given = [str(path) for path in needed if path is not None]
        return given if len(given) == len(needed) else None
