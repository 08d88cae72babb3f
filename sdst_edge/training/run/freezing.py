"""Which modules learn, and which norms keep their statistics."""

from __future__ import annotations

from torch import nn
from torch.nn.modules.batchnorm import _NormBase

from sdst_edge.training.recipe import Freezing, Optimization
from sdst_runtime.errors import ConfigError

__all__ = ["Freezer"]


class Freezer:
    """Freezes modules of a network until their share of the budget is spent.

    Args:
        module: all that is trained, the network in it.
        network: whose modules the recipe names.
        optimization: says which, and until when.

    Raises:
        ConfigError: a prefix fits no module.
    """

    def __init__(self, module: nn.Module, network: nn.Module, optimization: Optimization) -> None:
        self._module = module
        self._all_norms = optimization.frozen_norms
        self._rules = [(rule, _named(network, rule)) for rule in optimization.freeze]
        self._learning: frozenset[int] | None = None

    def apply(self, fraction: float) -> bool:
        """Sets ``requires_grad``, and train or eval of the norms.

        Args:
            fraction: of the budget, 0..1.

        Returns:
            Whether other parameters learn than before, or it is the first time.
        """
        held = [module for rule, modules in self._rules if fraction < rule.until for module in modules]
        frozen = {id(parameter) for module in held for parameter in module.parameters()}
        learning = frozenset(id(item) for item in self._module.parameters() if id(item) not in frozen)
        if learning == self._learning:
            return False
        self._learning = learning
        for parameter in self._module.parameters():
            parameter.requires_grad_(id(parameter) in learning)
            if id(parameter) in frozen:
                parameter.grad = None
        self._module.train()
        for module in [self._module] if self._all_norms else held:
            for norm in module.modules():
                if isinstance(norm, _NormBase):
                    norm.eval()
        return True

    def lr_factors(self) -> dict[int, float]:
        """Factor on the learning rate of parameters by their ``id``; 1 for those that are left out. Rules multiply."""
        factors: dict[int, float] = {}
        for rule, modules in self._rules:
            for key in {id(parameter) for module in modules for parameter in module.parameters()}:
                factors[key] = factors.get(key, 1.0) * rule.lr_factor
        return factors


def _named(network: nn.Module, rule: Freezing) -> list[nn.Module]:
    """Modules of these names; those below one lie in it."""
    known = dict(network.named_modules())
    found = []
    for name in rule.modules:
        if not name or name not in known:
            near = name.rpartition(".")[0]
            near = near if near in known else ""
            children = ", ".join(child for child, _ in known[near].named_children())
            raise ConfigError(
                f"recipe: optimization.freeze names {name!r}, which is no module of the network; "
                f"{near or 'its'} has {children or 'none'}"
            )
        found.append(known[name])
    return found
