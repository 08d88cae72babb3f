"""The protocols of the VOT challenges: with resets (2016 to 2019), and from many starts (2020 to 2022)."""

from __future__ import annotations

from sdst_edge.evaluation.vot.protocol import AttributeScores, SequenceScores, VotProtocol, VotScores
from sdst_edge.evaluation.vot.protocols import PROTOCOLS, MultistartProtocol, SupervisedProtocol
from sdst_edge.evaluation.vot.runs import Answer, Run, SequenceRuns

__all__ = [
    "PROTOCOLS",
    "Answer",
    "AttributeScores",
    "MultistartProtocol",
    "Run",
    "SequenceRuns",
    "SequenceScores",
    "SupervisedProtocol",
    "VotProtocol",
    "VotScores",
]
