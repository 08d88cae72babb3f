"""From the names of a protocol and a rule to a way to run and to score."""

from __future__ import annotations

from collections.abc import Callable

from sdst_edge.evaluation.rules import rule_by_name
from sdst_edge.evaluation.rules.unscored import UNSCORED
from sdst_edge.workflows.evaluate.one_pass import one_pass
from sdst_edge.workflows.evaluate.ways import Way
from sdst_runtime.errors import ConfigError

__all__ = ["choose_way"]


def choose_way(protocol: str, rule: str | None) -> Callable[[str], Way]:
    """The way to run and to score, from the layout of the data set.

    Args:
        protocol: ``ope``: one pass over each sequence from its first box, without resets; or one of VOT's.
        rule: to score ``ope`` by; None for the house rule, ``none`` to score nothing.

    Raises:
        ConfigError: there is no such protocol or rule, or a rule was given to a protocol that has its own.
    """
    if protocol == "ope":
        chosen = UNSCORED if rule == UNSCORED.name else rule_by_name("house" if rule is None else rule)
        return lambda layout: one_pass(chosen, "got10k" if layout == "got10k" else "otb")
    from sdst_edge.evaluation.vot import PROTOCOLS
    from sdst_edge.workflows.evaluate.vot_runs import vot_runs

    if protocol not in PROTOCOLS:
        raise ConfigError(f"protocol is {protocol!r}, expected one of ope, {', '.join(PROTOCOLS)}")
    if rule is not None:
        raise ConfigError(f"protocol {protocol} has a rule of its own; leave --rules out")
    return lambda _: vot_runs(PROTOCOLS[protocol])
