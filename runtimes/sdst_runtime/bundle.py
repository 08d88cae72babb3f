"""A bundle on disk: opened once, checked in full, and from then on read from memory."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

from sdst_runtime.consistency import check_consistency
from sdst_runtime.errors import ManifestError
from sdst_runtime.manifest import MANIFEST_NAME, Graph, GraphRole, Manifest, Variant, WeightsFile
from sdst_runtime.shipped import find_bundle, or_student, shipped_students

__all__ = ["Bundle"]


class Bundle:
    """A tracker's manifest and the bytes of its graphs, both known to be what was exported.

    Attributes:
        path: of the folder.
        manifest: read and checked.
    """

    def __init__(self, path: Path, manifest: Manifest, files: Mapping[str, bytes]) -> None:
        """Use :meth:`open`.

        Args:
            path: of the folder.
            manifest: consistent.
            files: contents by name, as the manifest's graphs and their weights name them.
        """
        self.path = path
        self.manifest = manifest
        self._files = dict(files)

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Bundle:
        """The bundle at ``path``: manifest, sizes and hashes of all files of all variants are checked first.

        Every file is read once; what was hashed is what :meth:`graph_bytes` returns.

        Args:
            path: of the folder, or of the manifest in it; or the name of a student that comes with the package, such
                as ``sdst-nano-m``, where nothing of that name is in the current folder.

        Raises:
            ManifestError: no bundle is there, or something in it is not what its manifest says.
        """
        folder = _folder(Path(path))
        manifest = Manifest.read(folder / MANIFEST_NAME)
        try:
            check_consistency(manifest)
        except ManifestError as error:
            raise ManifestError(f"{folder / MANIFEST_NAME}: {error}; export the bundle again") from None
        files: dict[str, bytes] = {}
        for variant in manifest.variants.values():
            for graph in variant.graphs.values():
                for entry in (graph, graph.weights):
                    if entry is not None:
                        files[entry.file] = _read(folder / entry.file, entry, files.get(entry.file))
        return cls(folder, manifest, files)

    def of_variant(self, name: str | None = None) -> Bundle:
        """The same bundle without the bytes of its other variants' files, which a tracker need not keep in memory.

        Args:
            name: of the variant whose graphs are run, or None for the default one.

        Raises:
            ManifestError: there is none of that name.
        """
        graphs = self.variant(name).graphs.values()
        kept = {entry.file for graph in graphs for entry in (graph, graph.weights) if entry is not None}
        return Bundle(self.path, self.manifest, {file: self._files[file] for file in kept})

    def variant(self, name: str | None = None) -> Variant:
        """The variant of that name, or the default one.

        Raises:
            ManifestError: there is none of that name.
        """
        name = self.manifest.default_variant if name is None else name
        if name not in self.manifest.variants:
            raise ManifestError(f"{self.path} has no variant {name!r}; it has {', '.join(self.manifest.variants)}")
        return self.manifest.variants[name]

    def graph_bytes(self, variant: str | None, role: GraphRole) -> bytes:
        """The serialised graph of a role.

        Args:
            variant: name, or None for the default one.
            role: what the graph does.

        Raises:
            ManifestError: the variant does not exist or has no such graph.
        """
        return self._bytes(self._graph(variant, role))

    def weights_bytes(self, variant: str | None, role: GraphRole) -> bytes | None:
        """The weights of a graph that keeps them in a second file, None for one that does not.

        Arguments and errors as in :meth:`graph_bytes`.
        """
        weights = self._graph(variant, role).weights
        return None if weights is None else self._bytes(weights)

    def _bytes(self, entry: Graph | WeightsFile) -> bytes:
        if entry.file not in self._files:
            raise ManifestError(f"{entry.file} of {self.path} was not kept: the bundle was narrowed to another variant")
        return self._files[entry.file]

    def _graph(self, variant: str | None, role: GraphRole) -> Graph:
        graphs = self.variant(variant).graphs
        if role not in graphs:
            raise ManifestError(
                f"variant {variant or self.manifest.default_variant!r} of {self.path} has no {role} graph; "
                f"it has {', '.join(graphs)}"
            )
        return graphs[role]

    def __repr__(self) -> str:
        return f"Bundle({str(self.path)!r}, family={self.manifest.family!r})"


def _folder(path: Path) -> Path:
    try:
        if path.name == MANIFEST_NAME and not path.is_dir():
            path = path.parent
        folder = find_bundle(path)
        if folder.is_dir():
            if not (folder / MANIFEST_NAME).exists() and str(path) in shipped_students():
                raise ManifestError(
                    f"{path} is a folder here that holds no {MANIFEST_NAME}, and hides the student of that name; "
                    "rename it, or run the command in another folder"
                )
            return folder
        found = "is a file" if path.exists() else "does not exist"
    except ValueError as error:  # a NUL in the name
        raise ManifestError(f"{str(path)!r} is no path: {error}") from None
    expected = f"the folder of a bundle, which holds a {MANIFEST_NAME}{or_student(shipped_students())}"
    raise ManifestError(f"{path} {found}, expected {expected}")


def _read(path: Path, graph: Graph | WeightsFile, known: bytes | None) -> bytes:
    again = "copy the bundle again, or export it again"
    try:
        size = path.stat().st_size
        if not path.is_file():
            raise ManifestError(f"{path} is not a file; {again}")
        if size != graph.size_bytes:
            raise ManifestError(f"{path} has {size} bytes, the manifest says {graph.size_bytes}; {again}")
        data = path.read_bytes() if known is None else known
    except FileNotFoundError:
        raise ManifestError(f"{path} does not exist, but the manifest names it; {again}") from None
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have
        raise ManifestError(f"{path} cannot be read: {error}; {again}") from None
    digest = hashlib.sha256(data).hexdigest()
    if digest != graph.sha256.lower():
        raise ManifestError(
            f"{path} has SHA-256 {digest[:16]}..., the manifest says {graph.sha256[:16]}...: it was changed; {again}"
        )
    return data
