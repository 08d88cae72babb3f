"""How far two computations of the same thing may be apart, each with its reason. No test writes a tolerance itself.

``REL_*``: largest difference over the largest magnitude of the tensor compared with.
``ABS_*``: largest difference, in the unit of its name.
"""

from __future__ import annotations

#: Two float32 builds of one network. Noise measured: 0.4e-6 to 5e-6; a wrong padding or epsilon is off by 1e-2.
REL_NETWORK_F32 = 1e-4

#: FEAR-XS from its Core ML file against the file's own layers: those scale pixels by a standard deviation in float16,
#: which is off by 4e-4. Measured: 8e-5 to 5e-4; with the file's own pixels 1e-6.
REL_COREML_F16 = 2e-3

#: float32 correlation against the same sum in float64, over the sum of magnitudes.
REL_XCORR_F32 = 1e-5

#: Two interpolations of a ramp of 4 levels a pixel, one of them at positions cut to 1/32 px: 4 / 64, then rounding.
ABS_WARP_LEVELS = 1

#: A mask warped by OpenCV, whose positions are cut to 1/32 px before version 5, against the same in float64: a
#: probability changes by at most 1 from one px of the mask to the next, along each side.
ABS_MASK_PROBABILITY = 2 / 64 + 1e-3

#: Decoding: doubles here and there, the maps are float32 on both sides.
REL_DECODE = 1e-6
ABS_DECODE_PX = 0.01

#: SiamFC's decoding is float32 throughout: state, bicubic enlargement, and a sum over 272 x 272 cells.
REL_DECODE_SIAMFC = 1e-5

#: A box moved by whole image px before or after its frame was decoded: float64 noise of coordinates up to 1e4 px.
ABS_MOVED_PX = 1e-9

#: Bicubic enlargement in float32, of values of magnitude 1, against the same in float64.
ABS_CUBIC_F32 = 1e-5

#: One step of a golden trajectory from the original's own state: network noise through the decoder.
ABS_ONE_STEP_PX = 0.01
ABS_ONE_STEP_SCORE = 1e-4

#: Free run of a golden trajectory: noise flips a crop's rounding now and then, and the paths part for a while.
ABS_FREE_RUN_MEAN_IOU = 0.005
MIN_FREE_RUN_IOU = 0.95

#: Metrics are sums of comparisons in float64.
ABS_METRIC = 1e-9

#: pytracking keeps curves in float32: 6e-8 of 100.
ABS_PERCENT_F32 = 1e-4

#: PySOT sums its EAO curve in float32; measured: under 1e-9, as its overlaps are float32 on both sides.
ABS_EAO_F32 = 1e-5

#: Two orders of one sum of products in float64.
REL_SUM_F64 = 1e-12

#: Boxes in text files have four decimals: half of the last one, and the float64 noise of moving the origin.
ABS_BOX_TEXT_PX = 0.5e-4 + 1e-9

#: IoU of the same boxes moved or scaled together: cancellation in float64, of coordinates up to 1e4 px and sides >= 1.
ABS_IOU_INVARIANCE = 1e-9

#: A drawn silhouette against its box: pixels are whole and count from half coverage on, and a blurred tip covers less.
ABS_SILHOUETTE_PX = 0.75

#: How far beyond its box a silhouette may show at all: bilinear texels, one to two a pixel, blur the rim.
ABS_SILHOUETTE_RIM_PX = 2.5

#: Targets are float32 network px, decoded in doubles: 6e-8 of at most 256 px, over a scale of 0.1 or more.
ABS_TARGET_ROUND_TRIP_PX = 0.01

#: float32 arithmetic on a few numbers of magnitude 1 to 100.
REL_F32 = 1e-5

#: Mean of a picture's grey levels after JPEG of quality 95: noise is what it loses.
ABS_JPEG_LEVELS = 5

#: Ends of a bootstrap interval of 400 sequences against the normal one: 10,000 draws scatter the 2.5 % ends by 2 % of
#: the half width, the skew of 400 normal numbers by as much.
REL_BOOTSTRAP = 0.08

#: AO of one network in torch and in ONNX Runtime on a short clip: network noise through the decoder, 1e-2 px of boxes
#: of 50 px and more.
ABS_ENGINES_AO = 1e-3

#: A box of coordinates up to 1,000 px that went through a file of float32.
ABS_BOX_F32_PX = 1e-4

#: A box in a file of three decimals.
ABS_BOX_TEXT_3_PX = 0.5e-3 + 1e-9

#: The box of a painted target after its picture was warped: pixels are whole and count from half brightness on, and
#: bends are interpolated on a grid.
ABS_WARPED_BOX_PX = 1.25

#: A stretched sprite's tip is thinner than a pixel, and shows in none.
ABS_STRETCHED_SILHOUETTE_PX = 1.0

#: Means of large parts of a rendered picture on other processors, where roundings differ: grey levels.
ABS_PART_MEAN_LEVELS = 0.75

#: A silhouette that the picture's edge cuts at a shallow angle: half a pixel of depth is some pixels of width.
ABS_CUT_SILHOUETTE_PX = 2.0

#: Probabilities of a mask that OpenCV 4 or 5 laid into the frame, against exact interpolation: OpenCV 4 rounds
#: places to 1/32 of a mask pixel, and a rim of 8 px falls by 0.25 a pixel at its steepest.
ABS_PROJECTED_MASK = 0.01

#: A distillation loss in torch and as loops over its formula, both float64: differences of logarithms cancel digits.
REL_DISTILLATION_F64 = 1e-9

#: A cell among SiamFC's positive ones: 16 network px from the target's centre, at one network px per image px or more.
ABS_POSITIVE_CELL_PX = 16.0

#: A loss in float64 against loops over its formula: targets are float32, and loops make some of them in float64.
REL_LOSS_TARGETS_F32 = 1e-6

#: A loss in float64 of a batch as a whole, in parts, or in a loop: orders of sums.
REL_LOSS_SPLIT_F64 = 1e-12

#: A search crop that is a part of its region against the device's, mean over pixels inside the frame. Regions are cut
#: at positions in 1/32 px, and a resize mixes nothing from beyond its own edge. Measured: 0.15 levels.
MEAN_PART_OF_REGION_LEVELS = 1.0

#: A crop resampled from a region against the device's, which is sampled once: mean over rendered pictures inside the
#: frame. Measured: 0.9 to 1.3, 1.5 for FEAR's sides of other aspect; half a pixel off it is 3.
MEAN_RESAMPLED_LEVELS = 2.0

#: The template of a mirrored frame: the device's against a mirrored one of the same pixels, whose sums are in another
#: order. Measured: 0.0, 0.005 for SiamFC++'s positions in 1/32 px; from the window that is not mirrored it is 4 to 9.
MEAN_MIRRORED_TEMPLATE_LEVELS = 0.05

#: One bilinear sampling of bytes at positions cut to 1/32 px, in whole numbers and in float32. Measured: 1 and 0.03.
ABS_SAMPLED_LEVELS = 2
MEAN_SAMPLED_LEVELS = 0.1

#: Bytes rounded from float32 sums in two orders.
ABS_ROUNDED_LEVELS = 1

#: Losses of 20 steps in one process and in two, float32: sums of magnitude 10 in another order, through 20 updates.
ABS_RANKS_LOSS = 1e-5

#: Weights after them.
ABS_RANKS_WEIGHTS = 1e-5

#: A share of pairs drawn by chance, in standard deviations of its binomial; seeds are fixed, so it never flickers.
SIGMAS_SHARE = 4.0

#: Where a painted target's bright pixels lie in a crop, image px: corner and sides are rounded to whole ones, pysot's
#: corner half a px up and left, and pysot's kin start half a px off besides. Interpolation smears the rim by another.
ABS_PAINTED_IN_CROP_PX = 2.5

#: The middle of what a cell of sdst-nano sees and its point, network px: its first layer takes patches of 4 px, whose
#: middle is half a patch from the edge that points are counted from; sums are float32.
ABS_CELL_MIDDLE_PX = 2.0 + 1e-3

#: Corners of boxes of up to 100 px, interpolated between cells in float32.
ABS_GRID_PX = 1e-4

#: Boxes that went through text of three decimals, of which a correlation was once ONNX Runtime's, once libsdst's.
ABS_CPP_EXAMPLE_PX = 2e-3

#: A network rounded in torch against the one that ONNX Runtime quantised, with the same ranges, relative L2: a value
#: that lies between two integers goes to one here and to the other there. Measured: 0.001 and 0.002; what rounding
#: itself does to the same features is 0.014 and 0.020.
REL_ROUNDED_LIKE_ORT = 0.005

#: Of the drift that rounding causes in a network with one useless weight of 150 times the others' size in each channel
#: of a layer, the share that is left after 80 steps under rounding. Measured: 0.60 and 0.66.
MAX_QAT_DRIFT_LEFT = 0.75

#: Drift of an exported INT8 variant against that of the same network rounded in torch: halves of a step go either way,
#: and in int8-ort template and search share the ranges of their trunk. Measured: 0.01, and 0.13 with shared ranges.
REL_FORETOLD_DRIFT = 0.2

#: A scale of int8 is a float32 quotient of a range found in float32, and the quantiser widens a range by nothing.
REL_INT8_STEP = 1e-6

#: Toys with every layer in int8, weights and activations; measured 0.009 to 0.045.
REL_TOY_INT8 = 0.1

#: Toys in float16, whose steps are 5e-4 of a value; measured 0.0003 to 0.0012.
REL_TOY_FP16 = 5e-3

#: A variant's trajectory beside float32's on a rendered clip; measured 0.92 to 0.99.
MIN_VARIANT_IOU = 0.9

#: A network in float16 or bfloat16, as the device has it, against float32. Measured on the toy networks: 0.01 in
#: OpenVINO, 0.007 in ncnn on Vulkan; a wrong kernel is off by 1.
REL_NETWORK_F16 = 0.05

#: A clip followed by one network in another engine or in float16, against ONNX Runtime in float32.
MIN_ENGINES_MEAN_IOU = 0.9

#: Off the diagonal where Muon turned no direction: sums of products of up to 64 float32 numbers, five times.
ABS_SINGULAR_DIRECTIONS = 1e-3

#: Size of a Muon step for gradients a million times apart: singular values end between 0.7 and 1.2 as they fall.
REL_MUON_STEP = 0.05

#: Integers for a crop of one colour within half a level of the mean, whose filters have rounded weights: the bias of a
#: filter carries what the whole level would be off.
REL_BYTES_AT_MEAN = 0.01

#: The first layer on bytes against floats, with filters of one value or none: scales are float32, biases int32 of them.
REL_BYTE_FILTERS = 1e-3
ABS_BYTE_FILTERS = 1e-2
