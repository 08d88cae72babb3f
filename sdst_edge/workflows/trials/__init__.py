"""Training runs that are compared with each other: each trained, exported and evaluated once, timed side by side."""

from __future__ import annotations

from sdst_edge.workflows.trials.frame_times import FrameTime, FrameTimes, Timing, time_in_turns
from sdst_edge.workflows.trials.steps import Steps, Trained, TrialSettings, Untrained, real_steps
from sdst_edge.workflows.trials.trial import Trial, find_trial, run_reference, run_trial

__all__ = [
    "FrameTime",
    "FrameTimes",
    "Steps",
    "Timing",
    "Trained",
    "Trial",
    "TrialSettings",
    "Untrained",
    "find_trial",
    "real_steps",
    "run_reference",
    "run_trial",
    "time_in_turns",
]
