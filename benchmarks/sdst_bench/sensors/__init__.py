"""Power, clocks and temperatures, as the host tells them."""

from sdst_bench.sensors.readings import Sensors

__all__ = ["Sensors"]
