"""All rules over all graphs that a target would run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import sdst_export.lint.rules as _registered  # noqa: F401 (the rules register themselves)
from sdst_export.lint.finding import SEVERITIES, Finding, Report
from sdst_export.lint.graph_view import GraphView
from sdst_export.lint.ncnn_file import read_param
from sdst_export.lint.scopes import NCNN_RULES, ONNX_RULES, VARIANT_RULES, NcnnScope, OnnxScope, VariantScope
from sdst_export.plan import variant_name
from sdst_export.targets import Target
from sdst_runtime.bundle import Bundle
from sdst_runtime.consistency import search_configs, session_roles
from sdst_runtime.manifest import GraphRole, SessionKind, Variant
from sdst_runtime.search_roles import SEARCH_ROLES

__all__ = ["lint"]


def lint(bundle: Bundle, target: Target, *, variant: str | None = None, dla: bool = False) -> Report:
    """See :func:`sdst_export.lint.lint`, which imports this when it is called: rules need onnx."""
    bundle.variant(variant)  # raises for one that is not there
    names, findings = _variants(bundle, target) if variant is None else ([variant], [])
    graphs: dict[str, tuple[str, ...]] = {}
    for name in names:
        entry = bundle.variant(name)
        roles = _roles(bundle, entry, target)
        scope = VariantScope(
            manifest=bundle.manifest,
            variant_name=name,
            variant=entry,
            target=target,
            roles=_needed(bundle, target, _session(bundle, entry, target)),
        )
        findings += VARIANT_RULES.run(scope, target.engine, dla=dla)
        graphs[name] = tuple(roles)
        for role in roles:
            findings += _graph(bundle, name, role, target, dla=dla)
    findings.sort(key=lambda finding: SEVERITIES.index(finding.severity))
    return Report(target=target.name, dla=dla, graphs=graphs, findings=tuple(findings))


def _variants(bundle: Bundle, target: Target) -> tuple[list[str], list[Finding]]:
    """The target's variants that the bundle has, and what to say if the default one is not among them."""
    there = bundle.manifest.variants
    names = [name for each in target.precisions if (name := variant_name(target.engine, each)) in there]
    if target.default_variant in there:
        return names, []
    missing = Finding(
        rule="variant-missing",
        severity="error",
        variant=target.default_variant,
        graph="",
        node="",
        what=f"the bundle has no such variant, which {target.name} runs by default; it has {', '.join(there)}",
        fix=f"export with --target {target.name}, or choose one with --variant",
        source="",
    )
    return names, [missing]


def _needed(bundle: Bundle, target: Target, session: SessionKind) -> tuple[GraphRole, ...]:
    """Graphs of a session of the target's engine; TensorRT's has no masks."""
    roles = session_roles(bundle.manifest, session)
    return tuple(role for role in roles if role != "mask" or target.engine == "onnxruntime")


def _session(bundle: Bundle, variant: Variant, target: Target) -> SessionKind:
    """The target's kind of session; ONNX Runtime runs a variant that has no graphs for it in the variant's own."""
    complete = all(role in variant.graphs for role in _needed(bundle, target, target.session))
    return target.session if complete or target.engine != "onnxruntime" else variant.session


def _roles(bundle: Bundle, variant: Variant, target: Target) -> list[GraphRole]:
    """Graphs of the variant that the target would run, or that a session of the variant's own kind would."""
    roles = list(_needed(bundle, target, _session(bundle, variant, target)))
    if variant.engine == target.engine:
        roles += _needed(bundle, target, variant.session)
    if target.engine == "tensorrt":
        for names in SEARCH_ROLES[: len(search_configs(bundle.manifest.tracker))]:
            roles += [names.correlate[form] for form in target.correlation_forms]
    return [role for role in dict.fromkeys(roles) if role in variant.graphs]


def _graph(bundle: Bundle, name: str, role: GraphRole, target: Target, *, dla: bool) -> Iterator[Finding]:
    variant, data = bundle.variant(name), bundle.graph_bytes(name, role)
    entry = variant.graphs[role]
    common: dict[str, Any] = {"variant_name": name, "role": role, "target": target}
    if entry.file.endswith(".onnx") and target.engine in ("onnxruntime", "tensorrt"):
        graph = _parse(GraphView, data, name, role)
        if isinstance(graph, Finding):
            yield graph
        else:
            yield from ONNX_RULES.run(
                OnnxScope(variant=variant, entry=entry, graph=graph, **common), target.engine, dla=dla
            )
    elif entry.file.endswith(".param") and target.engine == "ncnn":
        layers = _parse(read_param, data, name, role)
        if isinstance(layers, Finding):
            yield layers
        else:
            yield from NCNN_RULES.run(NcnnScope(layers=layers, **common), target.engine, dla=dla)
    elif target.engine == "openvino":
        yield _said("not-checked", "note", name, role, "there are no rules for OpenVINO's graphs", "nothing")


def _parse(read: Callable[[bytes], Any], data: bytes, name: str, role: GraphRole) -> Any:
    """The graph, or a finding where the file is none."""
    try:
        return read(data)
    except ValueError as error:
        return _said("unreadable", "error", name, role, f"the file cannot be read: {error}", "export the bundle again")


def _said(rule: str, severity: Any, variant: str, role: GraphRole, what: str, fix: str) -> Finding:
    return Finding(rule=rule, severity=severity, variant=variant, graph=role, node="", what=what, fix=fix, source="")
