"""Workflows in SimPy: the code that is loaded, its clock, an execution's life, the prediction of a run."""
