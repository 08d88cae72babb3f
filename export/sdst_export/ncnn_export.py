"""Variants for ncnn, made by pnnx from traced torch networks; :mod:`sdst_export.ncnn_pieces` tells their spelling."""

from __future__ import annotations

import importlib
import subprocess
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

import torch

from sdst_export.float_graphs import FloatGraphs
from sdst_export.ncnn_pieces import MatchPiece, TemplatePiece, without_stacks
from sdst_export.variant_files import VariantFiles
from sdst_export.whole_variant import BOUNDS, WholeFile, describe, measure_whole_parity
from sdst_runtime.engines.ncnn_engine import NcnnEngine
from sdst_runtime.errors import BackendUnavailable, ConfigError
from sdst_runtime.manifest import GraphRole, Precision, Variant
from sdst_runtime.search_roles import SEARCH_ROLES

__all__ = ["make_ncnn"]

_Piece: TypeAlias = "MatchPiece | TemplatePiece"

_BATCH = "=-233"  # what pnnx writes for the axis of the batch
_HEADER_LINES = 2  # a magic number; how many layers and blobs there are
_TIME_LIMIT_S = 1800  # pnnx takes 2 s for sdst-nano-s, and 2 minutes for DaSiamRPN's big network on a busy machine


def make_ncnn(graphs: FloatGraphs, precision: Precision) -> VariantFiles:
    """The variant of a precision, compared with torch.

    Args:
        graphs: of the network.
        precision: ``fp32``, or ``fp16``: weights of half the size, and float16 arithmetic where the device has it.
            pnnx makes zeros of weights below 6e-5; a last layer as it is before training may hold nothing else.

    Raises:
        BackendUnavailable: ncnn or pnnx is not installed.
        ConfigError: a precision that ncnn's packages cannot make, or the network holds what ncnn does not have.
        ParityError: ncnn does not compute what torch does.
    """
    if precision not in BOUNDS:
        raise ConfigError(f"ncnn/{precision} is not made, expected {' or '.join(BOUNDS)}")
    name, engine = f"ncnn/{precision}", NcnnEngine(precision=precision)
    made: dict[GraphRole, WholeFile] = {}
    for role, piece in _pieces(without_stacks(graphs)).items():
        try:
            structure, weights = _convert(piece, half=precision == "fp16")
        except ConfigError as error:
            raise ConfigError(f"{graphs.family} cannot be exported to ncnn: its {role} graph {error}") from None
        made[role] = WholeFile(
            model=structure, weights=weights, model_path=f"{name}/{role}.param", weights_path=f"{name}/{role}.bin"
        )
    whole = describe(graphs, made)
    variant = Variant(
        engine="ncnn",
        precision=precision,
        session="whole",
        graphs=whole.entries,
        parity=measure_whole_parity(graphs, engine, whole, BOUNDS[precision]),
        correlation_form="matmul",
    )
    return VariantFiles(name=name, variant=variant, files=whole.files)


def _pieces(graphs: FloatGraphs) -> dict[GraphRole, _Piece]:
    pieces: dict[GraphRole, _Piece] = {"template": TemplatePiece(graphs)}
    wanted = graphs.roles("whole")
    pieces |= {roles.match: MatchPiece(graphs, roles) for roles in SEARCH_ROLES if roles.match in wanted}
    return pieces


def _convert(piece: _Piece, *, half: bool) -> tuple[bytes, bytes]:
    """Structure and weights of a piece; the same piece gives the same bytes.

    Raises:
        ConfigError: what pnnx or ncnn does not take of it.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "graph.pt"
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of TorchScript, which is what pnnx takes
            traced: torch.jit.ScriptModule = torch.jit.trace(  # type: ignore[no-untyped-call]
                piece.eval(), tuple(piece.examples.values()), check_trace=False
            )
            traced.save(str(path))
        _run_pnnx(path, [tuple(item.shape) for item in piece.examples.values()], half=half)
        structure, weights = path.with_name("graph.ncnn.param"), path.with_name("graph.ncnn.bin")
        return _finish(structure.read_text(encoding="utf-8"), piece).encode(), weights.read_bytes()


def _run_pnnx(path: Path, shapes: Sequence[tuple[int, ...]], *, half: bool) -> None:
    try:
        program = importlib.import_module("pnnx").EXEC_PATH
    except ImportError as error:
        raise BackendUnavailable(f"pnnx cannot be imported ({error}); pip install 'sdst-edge[ncnn]'") from None
    sides = ",".join(f"[{','.join(map(str, shape))}]f32" for shape in shapes)
    command = [program, path.name, f"inputshape={sides}", f"fp16={int(half)}"]
    try:
        done = subprocess.run(command, cwd=path.parent, capture_output=True, text=True, timeout=_TIME_LIMIT_S)
    except OSError as error:
        raise BackendUnavailable(f"pnnx cannot be run: {error}; pip install 'sdst-edge[ncnn]'") from None
    except subprocess.TimeoutExpired:
        raise ConfigError(f"takes pnnx more than {_TIME_LIMIT_S} s") from None
    # Its exit status says little: it is 0 when shapes do not fit, and no files are written.
    if not path.with_name("graph.ncnn.param").is_file() or not path.with_name("graph.ncnn.bin").is_file():
        lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        raise ConfigError(f"is not taken by pnnx (exit status {done.returncode}): {lines[-1] if lines else 'no text'}")


def _finish(text: str, piece: _Piece) -> str:
    """The structure under the bundle's names, with shapes of its inputs, and products of matrices that Vulkan has.

    ncnn's MatMul has no Vulkan in its wheels, its Gemm has; for two matrices they are the same.
    """
    names = {f"in{index}": name for index, name in enumerate(piece.examples)}
    names |= {f"out{index}": name for index, name in enumerate(piece.outputs)}
    kernels = set(piece.examples) - {"x", "z"}
    lines = text.splitlines()
    result = lines[:_HEADER_LINES]
    for words in (line.split() for line in lines[_HEADER_LINES:]):
        kind, count = words[0], int(words[2]) + int(words[3])
        if "." in kind or "::" in kind:
            raise ConfigError(f"holds {kind}, for which ncnn has no layer")
        if any(word.endswith(_BATCH) for word in words[4 + count :]):  # ncnn would read past a shape's end
            raise ConfigError(f"has a {kind} along the batch, which ncnn does not have")
        blobs = [names.get(blob, blob) for blob in words[4 : 4 + count]]
        rest = words[4 + count :]
        if kind == "Input":
            rest = _sides(piece.examples[blobs[0]].shape)
        elif kind == "MatMul" and not rest and kernels & set(blobs):
            kind = "Gemm"
        result.append(" ".join([kind, words[1] if kind != "Input" else blobs[0], *words[2:4], *blobs, *rest]))
    return "\n".join(result) + "\n"


def _sides(shape: Sequence[int]) -> list[str]:
    """Parameters of an Input layer for one item of a batch: width, height, channels."""
    sides = list(shape[1:])[::-1]
    return [f"{key}={side}" for key, side in zip(("0", "1", "2"), sides, strict=False)]
