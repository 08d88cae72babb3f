"""Power, clocks and temperatures, as the host tells them."""
