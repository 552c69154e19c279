"""STFs as the agents of the standard chain tell each other of them, and as they register them."""

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
