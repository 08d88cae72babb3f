"""Which engines a variant needs, and which of those on disk fit."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sdst_runtime.bundle import Bundle
from sdst_runtime.errors import ConfigError, DeviceError
from sdst_runtime.manifest import CorrelationForm, Graph, GraphRole, Variant
from sdst_runtime.search_roles import SEARCH_ROLES, SearchRoles
from sdst_runtime.strict import to_plain
from sdst_runtime.tensorrt.engine_files import SIDECAR, EngineSet, Place
from sdst_runtime.tensorrt.options import BuildOptions, HardwareLevel

__all__ = ["FORMS", "Pieces", "find_set"]

#: In the order in which they are tried: the fewest layers first.
FORMS: tuple[CorrelationForm, ...] = ("conv", "matmul", "taps")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pieces:
    """The graphs of a variant that become engines.

    Attributes:
        bundle: checked by :meth:`Bundle.open`.
        name: of the variant.
        variant: what the manifest says of it.
        sizes: of the search region: one, or two with that of small targets.
        fixed: roles that are always built.
        forms: by the search role of a size: the correlations' roles by form, in the order in which they are tried.
    """

    bundle: Bundle
    name: str
    variant: Variant
    sizes: tuple[SearchRoles, ...]
    fixed: tuple[GraphRole, ...]
    forms: Mapping[GraphRole, Mapping[CorrelationForm, GraphRole]]

    @classmethod
    def of(cls, bundle: Bundle, name: str | None) -> Pieces:
        """The pieces of a variant, None for the bundle's default.

        Raises:
            ManifestError: there is no such variant.
            ConfigError: TensorRT cannot run it.
        """
        variant = bundle.variant(name)
        chosen = bundle.manifest.default_variant if name is None else name
        if variant.engine not in ("tensorrt", "onnxruntime"):
            raise ConfigError(
                f"variant {chosen!r} is made for {variant.engine}; TensorRT builds from ONNX graphs: choose another "
                "--variant"
            )
        sizes = SEARCH_ROLES[: 1 if bundle.manifest.tracker.small_target is None else 2]
        trunk: tuple[GraphRole, ...] = ("trunk",) if "trunk" in variant.graphs else ()
        fixed = (*trunk, "template", *(role for roles in sizes for role in (roles.search, roles.tail)))
        forms = {
            roles.search: {form: roles.correlate[form] for form in FORMS if roles.correlate[form] in variant.graphs}
            for roles in sizes
        }
        missing = [role for role in fixed if role not in variant.graphs]
        missing += [roles.correlate["conv"] for roles in sizes if not forms[roles.search]]
        if missing:
            raise ConfigError(
                f"variant {chosen!r} of {bundle.path} has no {missing[0]} graph, which TensorRT needs; choose a "
                "variant that is made for it, or export one: sdst-edge export CKPT -o BUNDLE --target jetson-orin-jp6"
            )
        return cls(bundle=bundle, name=chosen, variant=variant, sizes=sizes, fixed=fixed, forms=forms)

    @property
    def graphs(self) -> dict[GraphRole, Graph]:
        """Every graph that may become an engine."""
        correlations = [role for forms in self.forms.values() for role in forms.values()]
        return {role: self.variant.graphs[role] for role in (*self.fixed, *correlations)}

    def set_name(self, place: Place, options: BuildOptions) -> str:
        """Name of the folder for engines of these graphs, built there with these options."""
        hashes = {role: graph.sha256 for role, graph in self.graphs.items()}
        key = json.dumps([to_plain(place), to_plain(options), hashes], sort_keys=True)
        digest = hashlib.sha256(key.encode()).hexdigest()[:12]
        return f"{self.name.replace('/', '-')}-{place.slug}-{digest}"

    def are_in(self, found: EngineSet) -> bool:
        """Whether a set was built from these very graphs, and has all that is needed."""
        graphs, built = self.graphs, found.engines
        correlations = all(built.keys() & {*forms.values()} for forms in self.forms.values())
        same = all(role in graphs and graphs[role].sha256 == engine.onnx_sha256 for role, engine in built.items())
        return found.variant == self.name and same and correlations and built.keys() >= {*self.fixed}


def find_set(root: Path, pieces: Pieces, place: Place, options: BuildOptions | None) -> tuple[EngineSet, Path] | None:
    """The set of engines that fits, with its folder; None where none of this variant is there.

    Args:
        root: folder of sets.
        pieces: the graphs.
        place: GPU and TensorRT.
        options: of the build; None: any, and the last that was built is taken.

    Raises:
        DeviceError: there are some of these graphs, and all are of another place: it is said which.
    """
    reasons: list[str] = []
    others = False  # that run here, built with other options
    for folder in _folders(root):
        try:
            found = EngineSet.read(folder)
        except DeviceError as error:
            if folder.name == pieces.set_name(place, options or BuildOptions()):
                reasons.append(str(error))
            continue
        if not pieces.are_in(found):
            continue
        if not _runs(found, place):
            reasons.append(f"the engines in {folder} were built for {found.place}, here are {place}")
        elif options is None or found.options == options:
            return found, folder
        else:
            others = True
    if reasons and not others:
        raise DeviceError(
            f"{reasons[0]}; build them here: sdst-edge engine {pieces.bundle.path} --variant {pieces.name}"
        )
    return None


def _folders(root: Path) -> list[Path]:
    """Folders of sets, the last that was built first."""
    try:
        found = [path.parent for path in root.glob(f"*/{SIDECAR}") if not path.parent.name.startswith(".")]
        return sorted(found, key=lambda folder: ((folder / SIDECAR).stat().st_mtime_ns, folder.name), reverse=True)
    except OSError:
        return []


def _runs(found: EngineSet, here: Place) -> bool:
    """Whether engines of one place run in another."""
    there, level = found.place, found.options.hardware
    if there.tensorrt != here.tensorrt:
        return False
    same: dict[HardwareLevel | None, bool] = {
        None: (there.gpu, there.compute_capability) == (here.gpu, here.compute_capability),
        "same-compute-capability": there.compute_capability == here.compute_capability,
        "ampere-plus": int(here.compute_capability.partition(".")[0]) >= 8,
    }
    return same[level]
