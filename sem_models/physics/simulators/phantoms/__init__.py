"""Simulated SEM specimens: powder, fibres, pores, laths."""
