"""A bundle in memory, before it is written: so that every variant can be tried with the real runtime first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from sdst_export.variant_files import VariantFiles
from sdst_runtime.bundle import Bundle
from sdst_runtime.consistency import check_consistency
from sdst_runtime.manifest import Manifest
from sdst_runtime.measurements import Accuracy, Drift

__all__ = ["Draft"]


class Draft:
    """A manifest that grows by variants, and their files."""

    def __init__(self, manifest: Manifest, files: Mapping[str, bytes]) -> None:
        """A bundle with its first variants.

        Args:
            manifest: of them.
            files: contents by path in the bundle.
        """
        self._manifest = manifest
        self._files = dict(files)

    @property
    def manifest(self) -> Manifest:
        """As it stands."""
        return self._manifest

    @property
    def files(self) -> Mapping[str, bytes]:
        """Contents by path in the bundle."""
        return self._files

    def add(self, made: VariantFiles) -> None:
        """Takes a variant in, in place of one of the same name.

        Raises:
            ManifestError: it does not fit the tracker.
        """
        others = {name: item for name, item in self._manifest.variants.items() if name != made.name}
        manifest = replace(self._manifest, variants={**others, made.name: made.variant})
        check_consistency(manifest)
        self._manifest = manifest
        kept = {name: data for name, data in self._files.items() if not name.startswith(f"{made.name}/")}
        self._files = {**kept, **made.files}

    def measured(self, name: str, *, drift: Drift | None = None, accuracy: Accuracy | None = None) -> None:
        """Keeps what was measured of a variant; None leaves what is there."""
        variant = self._manifest.variants[name]
        variant = replace(variant, drift=drift or variant.drift, accuracy=accuracy or variant.accuracy)
        self._manifest = replace(self._manifest, variants={**self._manifest.variants, name: variant})

    def with_default(self, name: str, target: str | None) -> Manifest:
        """The manifest with a default variant, and the target that the bundle is for."""
        return replace(self._manifest, default_variant=name, target=target)

    def bundle(self) -> Bundle:
        """The bundle as it stands, opened from memory."""
        return Bundle(Path("(bundle in the making)"), self._manifest, self._files)
