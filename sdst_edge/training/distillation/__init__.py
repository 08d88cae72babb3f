"""Losses from one teacher to a student, each a function of tensors with its formula and source.

- ``soft``: scores and boxes of a teacher (DST's teacher-soft loss, prediction guidance).
- ``hard``: the annotation once more, where the student is behind its teacher.
- ``response``: where the template's features respond in the search region's.
- ``hints``, ``attention``, ``flow``: feature maps.
- ``adaptive``, ``gate``: how loud each teacher speaks for each pair.
- ``sharing``: between two students.
- ``candidates``, ``boxes``, ``resampling``: what they compare with what.

All return a :class:`sdst_edge.training.losses.term.Term` of weight 1 for each pair that they concern. Teachers get no
gradient.
"""
