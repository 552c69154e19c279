"""Benchmarks: each figure beside its control in one run on one machine, held against its target."""
