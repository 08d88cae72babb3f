"""Training: pairs cut as the device cuts them, losses, teachers, SDST, and the loop. Needs torch.

- ``recipe``: what a run is made of, read from TOML.
- ``crops``: from a frame to region crops, and from those to what a network sees.
- ``pairs``: which templates and search regions go together, and how they reach the network.
- ``targets``, ``losses``: what a head should say about a pair, and how wrong it is.
- ``teachers``: frozen trackers, their predictions on the student's grid.
- ``distillation``: losses from one teacher to a student, each a function with its formula.
- ``sdst``: general and specialised teachers into one student; ``roster``, ``pupils``, ``lessons`` and ``parts``
  are what it is made of.
- ``loop``: one training run.
"""
