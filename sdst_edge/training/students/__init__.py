"""Networks that learn: as they begin, what they say beside their teachers, and what they learn along.

- ``starting``: the network of a recipe, new or from a checkpoint.
- ``participants``: students and prepared teachers, and which views of a batch each of them sees.
- ``comparison``: what one says about a batch; a student and a teacher side by side on the student's grid.
- ``part_losses``: the losses of :mod:`sdst_edge.training.distillation` that a recipe weighs, with their adapters.
- ``student``: a network with all that it learns along.
"""
