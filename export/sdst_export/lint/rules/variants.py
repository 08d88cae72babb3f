"""Whether a variant has what its target runs."""

from __future__ import annotations

from collections.abc import Iterator

from sdst_export.lint.facts.tensorrt import VERSIONS, version_text
from sdst_export.lint.finding import Fault
from sdst_export.lint.scopes import VARIANT_RULES, VariantScope
from sdst_export.targets import parse_version
from sdst_runtime.consistency import search_configs
from sdst_runtime.search_roles import SEARCH_ROLES

__all__ = ["ENDINGS"]

_ALL = ("onnxruntime", "tensorrt", "openvino", "ncnn")
#: How the graphs of an engine's variants end.
ENDINGS = {"onnxruntime": ".onnx", "tensorrt": ".onnx", "openvino": ".xml", "ncnn": ".param"}


@VARIANT_RULES.rule("variant-engine", *_ALL)
def engine_reads_files(scope: VariantScope) -> Iterator[Fault]:
    """An engine reads files of its own kind."""
    wanted = ENDINGS[scope.target.engine]
    files = [graph.file for graph in scope.variant.graphs.values() if not graph.file.endswith(wanted)]
    if files:
        yield Fault(
            severity="error",
            node=files[0],
            what=f"was made for {scope.variant.engine}; {scope.target.name} runs {scope.target.engine}",
            fix=f"choose another variant with --variant, or export with --target {scope.target.name}",
        )


@VARIANT_RULES.rule("version", "tensorrt")
def version_is_known(scope: VariantScope) -> Iterator[Fault]:
    """The tables are about versions from 8.5 on."""
    (oldest, newest), versions = VERSIONS, scope.target.tensorrt
    assert versions is not None
    if parse_version(versions.lowest) < oldest:
        yield Fault(
            severity="error",
            node="",
            what=f"the target may have TensorRT {versions.lowest}; engines need {version_text(oldest)} or later",
            fix="update the device, or name a later tensorrt.lowest in the recipe",
        )
    if parse_version(versions.highest) > newest:
        yield Fault(
            severity="warning",
            node="",
            what=f"the target may have TensorRT {versions.highest}, of which nothing later than {version_text(newest)} "
            "is known here",
            fix="update sdst-edge, or build the engine and see",
        )


@VARIANT_RULES.rule("graph-missing", *_ALL)
def graphs_are_there(scope: VariantScope) -> Iterator[Fault]:
    """Every graph of the target's session is there."""
    for role in scope.roles:
        if role not in scope.variant.graphs:
            yield Fault(
                severity="error",
                node=role,
                what=f"there is no such graph, which a {scope.target.session} session runs",
                fix=f"export with --target {scope.target.name}",
            )


@VARIANT_RULES.rule("trunk-shared", "tensorrt", "openvino", "ncnn")
def branches_stand_alone(scope: VariantScope) -> Iterator[Fault]:
    """A file that template and search share has symbolic sides, which only our ONNX Runtime sessions fix."""
    if "trunk" in scope.variant.graphs:
        yield Fault(
            severity="error",
            node="trunk",
            what=f"template and search share layers in one file, which {scope.target.engine} does not load twice",
            fix=f"export with --target {scope.target.name}, which gives each branch a file of its own",
        )


@VARIANT_RULES.rule("correlation-missing", "tensorrt")
def correlations_are_there(scope: VariantScope) -> Iterator[Fault]:
    """TensorRT has no correlation but in a graph of ours, and takes the first form that builds."""
    forms, there = scope.target.correlation_forms, scope.variant.graphs
    for roles in SEARCH_ROLES[: len(search_configs(scope.manifest.tracker))]:
        lacking = [form for form in forms if roles.correlate[form] not in there]
        if len(lacking) == len(forms):
            yield Fault(
                severity="error",
                node=roles.correlate[forms[0]],
                what=f"there is no graph of the correlations in any of the forms {', '.join(forms)}",
                fix=f"export with --target {scope.target.name}",
            )
        elif forms[-1] in lacking:
            yield Fault(
                severity="warning",
                node=roles.correlate[forms[-1]],
                what="it is not there to fall back on where the engine does not build the other forms",
                fix=f"export with --target {scope.target.name}",
            )
