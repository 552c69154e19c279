"""Messages about STFs between the agents of the standard chain, and their registration."""

from ..backend.agent.processing.stf import (
    Stf,
    generated,
    is_sampled,
    ready,
    register,
    run_conditions,
    samples_among,
)

__all__ = ["Stf", "generated", "is_sampled", "ready", "register", "run_conditions", "samples_among"]
