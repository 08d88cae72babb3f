"""Quantisation-aware training: a network learns under the rounding of the INT8 variant that it will be exported to.

- ``scheme``: which numbers go into which integers, as the variants have it.
- ``rounding``: a tensor put on a grid of integers and back, with gradients straight through.
- ``units``: the convolutions of a network as the export leaves them: norms and branches merged, ReLU fused.
- ``quantizer``: a network run so, and the ranges of its tensors.
- ``learner``: what the loop trains.
- ``drift``: how far rounded maps are from float ones.

Batch norms and branches are merged **inside the forward pass**, from the parameters that the family has: the weights
that are rounded are those of the export, gradients reach the family's own parameters, and what is trained stays an
ordinary checkpoint at every moment. Nothing has to be taken apart afterwards, and ``fold`` gives the very weights that
training saw. Statistics of batch norms stay as they were.

**What it is built on.** PyTorch's fake-quantise operators (``torch.fake_quantize_per_tensor_affine`` and
``_per_channel_affine``), which have been part of its core in every version that we take. The two packages around them
were tried (torch 2.13). ``torch.ao.quantization`` still has eager QAT, warns when it is used that it is deprecated and
will be removed, and fuses no branches. ``torchao`` 0.18, its successor, has QAT on exported graphs (pt2e): it turns
warnings out of its own imports, takes recent versions of torch only, and its quantizer for x86 stops at the graph of
sdst-nano ("Input partition has more than one output node"); and what it trains is a graph, no checkpoint of a family.
"""
