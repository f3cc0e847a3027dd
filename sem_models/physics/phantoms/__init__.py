"""SEM phantoms: simulated specimens whose true image is known."""
