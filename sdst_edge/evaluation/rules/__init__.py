"""Rules to score boxes by, each named after the toolkit or data set whose figures it gives, to the digit.

================  =========  =============  =====================  ==========================  ======================
rule              first box  absent frames  bad predicted box      true box without area       thresholds; a set
================  =========  =============  =====================  ==========================  ======================
house             left out   left out       miss                   (is absent)                 21, 51 px; mean
got10k            left out   left out       NaN: AO is NaN         IoU 0                       101; frames pooled
otb               true box   counted        miss                   IoU 0                       21, 51 px; mean
uav123            true box   left out       miss                   IoU 0; NaN: left out        21, 51 px; mean
got10k-lasot      true box   counted        miss                   IoU 0; NaN: left out        21, 51 px, 51; mean
lasot             true box   miss           the box before         IoU miss, both errors hit   21, 51 px, 51; mean
pysot             as it is   counted        miss                   IoU miss (1)                21, 51 px, 51; mean
pysot-lasot       as it is   miss           miss                   IoU miss (1)                21, 51 px, 51; mean
pytracking        true box   counted        0: the box before (2)  miss, norm. error hit       21, 51 px, 51; mean
pytracking-lasot  true box   miss           0: the box before (2)  miss, norm. error hit       21, 51 px, 51; mean
pytracking-uav    true box   (3)            0: the box before (2)  IoU miss, both errors hit   21, 51 px, 51; mean
pytracking-valid  true box   (4)            0: the box before (2)  miss, norm. error hit       21, 51 px, 51; mean
trackingnet       true box   counted        rounded; NaN: miss     rounded                     21, 21 px, 21; mean
================  =========  =============  =====================  ==========================  ======================

(1) Errors hit where the true centre is not positive, as for 0,0,0,0 or NaN. (2) NaN and sides < 0 are refused. (3) IoU
miss, both errors hit. (4) Left out of the divisor; they miss, but hit by the normalised error.

A *miss* is a frame that is counted and not hit: "absent frames: miss" means that they lower the score. Hits are IoU >
and error <= a threshold; for ``trackingnet`` IoU >=. Success is averaged over its thresholds, so that a perfect tracker
has 20/21; ``trackingnet`` gives it 100 by the trapezoid rule, ``got10k`` an AO of 1. Normalised precision is read at
0.2 of the target's sides, but averaged up to 0.5 by ``got10k-lasot`` and ``trackingnet``. ``pytracking*`` and
``trackingnet`` count in percent.
"""

from __future__ import annotations

from collections.abc import Mapping

from sdst_edge.evaluation.rules.got10k import GOT10K, GOT10K_LASOT, OTB, UAV123
from sdst_edge.evaluation.rules.house import HOUSE
from sdst_edge.evaluation.rules.lasot import LASOT
from sdst_edge.evaluation.rules.pysot import PYSOT, PYSOT_LASOT
from sdst_edge.evaluation.rules.pytracking import PYTRACKING, PYTRACKING_LASOT, PYTRACKING_UAV, PYTRACKING_VALID
from sdst_edge.evaluation.rules.rule import Metric, Rule, RuleScores
from sdst_edge.evaluation.rules.trackingnet import TRACKINGNET
from sdst_runtime.errors import ConfigError

__all__ = ["RULES", "Metric", "Rule", "RuleScores", "rule_by_name"]

#: By name.
RULES: Mapping[str, Rule] = {
    rule.name: rule
    for rule in (
        HOUSE,
        GOT10K,
        OTB,
        UAV123,
        LASOT,
        TRACKINGNET,
        GOT10K_LASOT,
        PYSOT,
        PYSOT_LASOT,
        PYTRACKING,
        PYTRACKING_LASOT,
        PYTRACKING_UAV,
        PYTRACKING_VALID,
    )
}


def rule_by_name(name: str) -> Rule:
    """The rule of a name.

    Raises:
        ConfigError: there is none; lists those that there are.
    """
    try:
        return RULES[name]
    except KeyError:
        raise ConfigError(f"there is no rule {name!r} to score by; expected one of {', '.join(RULES)}") from None
