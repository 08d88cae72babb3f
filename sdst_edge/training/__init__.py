"""Training: pairs cut as the device cuts them, losses, teachers, SDST, and the loop. Needs torch.

- ``recipe``: what a run is made of, read from TOML.
- ``crops``: from a frame to region crops, and from those to what a network sees.
- ``pairs``: which templates and search regions go together, and how they reach the network.
- ``targets``, ``losses``: what a head should say about a pair, and how wrong it is.
- ``teachers``: frozen trackers, their predictions on the student's grid.
- ``distillation``: losses from one teacher to a student, each a function with its formula.
- ``students``: the networks that learn, and their answers beside a teacher's.
- ``sdst``: the method: general and specialised teachers into one student.
- ``quantization_aware``: networks that learn under the rounding of INT8.
- ``loop``: one training run; ``run``: what it is made of.
- ``recipes``: the recipes that come with the package.
"""
