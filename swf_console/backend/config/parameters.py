"""The parameters of data taking and fast processing, as in the founding document."""

from ..core.destinations import SLICES_QUEUE, SLICES_TOPIC
from .parameter_schema import Parameter

DATATAKING = "stf_datataking"
BASE_SECTION = "daq_state_machine"
FAST_SECTION = "fast_processing"
STF_SECTION = "stf_processing"
KNOWN_SECTIONS = (BASE_SECTION, FAST_SECTION, STF_SECTION)

YEAR = 366 * 86400.0
INTEGER_COLUMN = 2**31 - 1


def _delay(name: str, default: float, meaning: str) -> Parameter:
    return Parameter(name, "number", meaning, "s", default, 0, YEAR)


DATATAKING_PARAMETERS = (
    _delay("no_beam_not_ready_delay", 5.0, "Time without beam before run_imminent"),
    _delay("broadcast_delay", 0.5, "Time that each state message takes to reach all agents"),
    _delay("beam_not_ready_delay", 3.0, "Time with beam until the detectors are ready"),
    _delay("beam_ready_delay", 2.0, "Time that beam and detectors are ready before physics starts"),
    Parameter(
        "physics_period_count",
        "integer",
        "Physics periods in the run; 0 repeats until stopped, or until stf_count is reached",
        "periods",
        1,
        0,
        1_000_000,
        large=1000,
    ),
    _delay("physics_period_duration", 30.0, "Length of one physics period if stf_count is not set"),
    _delay("standby_duration", 5.0, "Standby between two physics periods"),
    _delay("beam_not_ready_end_delay", 3.0, "Time from end_run until there is no beam"),
    Parameter("stf_interval", "number", "Time from the start of one STF to the next", "s", 2.0, 0.001, 86400),
    Parameter(
        "stf_count",
        "integer",
        "STFs in the whole execution; if not set, as many as fit into the physics periods",
        "STFs",
        None,
        1,
        INTEGER_COLUMN,
        large=100_000,
    ),
    Parameter(
        "stf_count_per_period",
        "boolean",
        "stf_count is the number of STFs in each physics period, not in the whole execution",
        default=False,
    ),
    Parameter(
        "stf_generation_time",
        "number",
        "Time that writing one STF takes, within its interval",
        "s",
        None,
        0,
        86400,
    ),
    Parameter(
        "target_worker_count",
        "integer",
        "Number of workers",
        "workers",
        30,
        0,
        100_000,
        large=10_000,
        section=FAST_SECTION,
    ),
    Parameter(
        "stf_sampling_rate",
        "number",
        "Fraction of the STFs that is sampled",
        "",
        0.05,
        0,
        1,
        section=FAST_SECTION,
    ),
    Parameter(
        "slices_per_sample",
        "integer",
        "Slices per TF sample",
        "slices",
        15,
        1,
        100_000,
        large=1000,
        section=FAST_SECTION,
    ),
    Parameter(
        "slice_processing_time",
        "number",
        "Time that a worker needs per slice",
        "s",
        30,
        0,
        86400,
        section=FAST_SECTION,
    ),
    Parameter(
        "worker_rampup_time",
        "number",
        "Time from run_imminent until all workers are ready",
        "s",
        300,
        0,
        86400,
        section=FAST_SECTION,
    ),
    Parameter(
        "worker_rampdown_time",
        "number",
        "Time that workers have to finish after end_run",
        "s",
        60,
        0,
        86400,
        section=FAST_SECTION,
    ),
    Parameter("core_count", "integer", "Cores per worker", "cores", None, 1, 4096, section=FAST_SECTION),
    Parameter(
        "slice_destination",
        "string",
        "Destination of slices: the queue gives each to one worker, the topic to all transformers",
        default=SLICES_QUEUE,
        choices=(SLICES_QUEUE, SLICES_TOPIC),
        pattern=r"/(queue|topic)/[A-Za-z0-9._-]{1,200}",
        section=FAST_SECTION,
    ),
)
