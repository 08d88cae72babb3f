"""Speed and memory of a bundle on this machine, and of its peers on the same frames. Needs neither torch nor onnx."""
