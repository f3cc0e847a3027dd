"""How the code of a checkout hangs together, counted by script: the same script before and after a change."""
