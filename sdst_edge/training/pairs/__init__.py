"""Which templates and search regions go together, and how they reach the network.

In the order in which a pair is made:

- ``sources``, ``clips``, ``pool``: data sets and rendered clips, opened once; which of their frames are used.
- ``sampling``, ``attributes``, ``draws``: what a pair shows, by the seed and its global index alone. No pixel is read.
- ``augment``: how far it strays from the annotation.
- ``reading``, ``scenes``, ``planning``: region crops, what is simulated or pasted in them, and where each view lies.
- ``assembly``, or ``region_batch``: crops cut one by one where pairs are planned, or all at once on a device.
- ``batches``, ``handover``, ``loader``: made ahead by workers, handed over step by step.
"""
