"""Pairs for the training loop, made ahead by workers."""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable, Iterator
from collections.abc import Sequence as Items
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from types import TracebackType

import torch
from torch.utils.data import DataLoader

from sdst_edge.training.crops.regions import RegionRule
from sdst_edge.training.crops.store import RegionStore
from sdst_edge.training.pairs.assembly import crops_bytes
from sdst_edge.training.pairs.batch import PairBatch
from sdst_edge.training.pairs.batches import Failure, Made, PairBatches, Share
from sdst_edge.training.pairs.handover import Handover, Parcel
from sdst_edge.training.pairs.planning import PairPlanner
from sdst_edge.training.pairs.reading import RegionReader
from sdst_edge.training.pairs.region_batch import RegionBatch, region_bytes
from sdst_edge.training.pairs.sampling import Sampler
from sdst_edge.training.pairs.sources import open_sources
from sdst_edge.training.recipe import Recipe
from sdst_runtime.config import TrackerConfig
from sdst_runtime.errors import ConfigError, SdstError

__all__ = ["PairLoader"]

_CPU = torch.device("cpu")
#: A step that no run comes to.
_NO_STEP = 2**62


class PairLoader(Iterator[PairBatch]):
    """The batches of a run from some step on, without end.

    A pair depends on the recipe's seed and its global index alone: not on workers, caches, processes or where a run was
    taken up again. The pairs of step s and process r are those from ``(s * world + r) * batch_size`` on.

    Attributes:
        waited_s: how long the loop has waited for batches so far.
    """

    def __init__(
        self,
        recipe: Recipe,
        configs: Items[TrackerConfig],
        *,
        batch_size: int,
        first_step: int = 0,
        clean_from: int | None = None,
        rank: int = 0,
        world: int = 1,
        device: torch.device = _CPU,
        on_progress: Callable[[float], None] | None = None,
    ) -> None:
        """Opens the sources and starts the workers, which work ahead from then on.

        Args:
            recipe: its seed, data, augmentation and loading.
            configs: of the views to cut, the student's first.
            batch_size: pairs a step and process.
            first_step: where to begin.
            clean_from: see :class:`PairPlanner`.
            rank: of this process among those that train together.
            world: how many they are.
            device: on which batches are handed over.
            on_progress: called with the share done, 0..1, while clips are rendered.

        Raises:
            ConfigError: attributes or shares that the sources cannot give, regions smaller than a search region, or a
                cache that cannot be written.
            DatasetError: a data set is missing or broken.
        """
        loading = recipe.loading
        self.waited_s = 0.0
        self._device = device
        _check_region_scale(loading.region_scale, configs)
        sources = open_sources(recipe.data, on_progress)
        sampler = Sampler(recipe, sources)
        rule = RegionRule(config=configs[0], scale=loading.region_scale)
        self._store = RegionStore(loading.cache, rule, sources.key, sources.slots, processes=world)
        planner = PairPlanner(recipe, configs, RegionReader(sources, rule, self._store), clean_from)
        on_device = loading.augment_on == "device" or (loading.augment_on == "auto" and device.type == "cuda")
        # elsewhere OpenCV does not survive a fork
        workers = loading.workers if sys.platform.startswith("linux") else 0
        self._handover: Handover | None = None
        if workers:
            pair_bytes = region_bytes(rule, len(configs)) if on_device else sum(map(crops_bytes, configs))
            self._handover = Handover(workers * loading.ahead + 2, batch_size * pair_bytes)
        batches = PairBatches(
            sampler,
            planner,
            Share(batch_size=batch_size, rank=rank, world=world),
            is_cut=not on_device,
            handover=self._handover,
        )
        self._made: Iterator[Made] | None = (
            _by_workers(batches, first_step, workers, loading.ahead) if workers else _by_thread(batches, first_step)
        )

    def __next__(self) -> PairBatch:
        """The batch of the next step.

        Raises:
            DatasetError: a frame cannot be read; names the sequence and the frame.
        """
        if self._made is None:
            raise StopIteration
        start = time.perf_counter()
        made = next(self._made)
        self.waited_s += time.perf_counter() - start
        if isinstance(made, Failure):
            self.close()
            raise made.kind(made.message)
        return self._on_device(made)

    def _on_device(self, made: PairBatch | RegionBatch | Parcel) -> PairBatch:
        """A batch where it is wanted, in memory of its own."""
        if isinstance(made, Parcel):
            assert self._handover is not None
            batch = self._handover.unpacked(made)
            assert isinstance(batch, PairBatch | RegionBatch)
            if isinstance(batch, PairBatch) and self._device.type == "cpu":
                return batch.with_pixels([pixels.clone() for pixels in batch.pixels])
        else:
            batch = made
        if self._device.type == "cuda":  # from pinned memory copies go on while the loop does
            batch = batch.with_pixels([pixels.pin_memory() for pixels in batch.pixels])
        return batch.cut(self._device) if isinstance(batch, RegionBatch) else batch.to(self._device)

    def close(self) -> None:
        """Ends the workers and lets go of the cache. Closing twice is allowed."""
        self._made = self._handover = None  # nobody else knows them: workers and their memory end with them
        self._store.close()

    def __enter__(self) -> PairLoader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends the workers.

        Raises:
            SdstError: in the place of PyTorch's error about a worker that was killed, which meets the loop anywhere.
        """
        self.close()
        if isinstance(error, RuntimeError) and str(error).startswith("DataLoader worker"):
            raise SdstError(
                f"a process that makes pairs was ended from outside ({str(error).strip(' .')}), most often for lack of "
                "memory; lower loading.workers, loading.ahead or loading.cache.limit_gb, and run it again to go on"
            ) from None


def _check_region_scale(scale: float, configs: Items[TrackerConfig]) -> None:
    most = max(config.crop.search_scale for config in configs)
    if scale < most:
        raise ConfigError(
            f"recipe: loading.region_scale is {scale:g}, and a search region is {most:.3g} templates wide; expected "
            "more than that by what augmentation moves it, 3 to 3.5 as a rule"
        )


def _by_workers(batches: PairBatches, first_step: int, workers: int, ahead: int) -> Iterator[Made]:
    """The batches from a step on, in their order, made by processes that begin at once."""
    loader = DataLoader(
        batches,
        batch_size=None,
        sampler=range(first_step, _NO_STEP),
        num_workers=workers,
        prefetch_factor=ahead,
        multiprocessing_context="fork",
    )
    with _without_opencv_threads(), warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of threads that a fork leaves behind
        return iter(loader)


@contextmanager
def _without_opencv_threads() -> Iterator[None]:
    """Ends the threads of OpenCV's pool: one that holds a lock when the process is forked holds it for ever there."""
    import cv2

    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)


def _by_thread(batches: PairBatches, first_step: int) -> Iterator[Made]:
    """The batches from a step on, each made by a thread while the one before it is learnt from."""
    with ThreadPoolExecutor(max_workers=1) as worker:
        waiting = worker.submit(batches.__getitem__, first_step)
        for step in range(first_step + 1, _NO_STEP):
            made = waiting.result()
            waiting = worker.submit(batches.__getitem__, step)
            yield made
