"""The programs under supervisord that a configuration needs."""

from collections.abc import Mapping

from ...config.composed import Composition
from ...config.list import script_problems
from ...config.testbed import AgentNeed, find_testbed, load_testbed
from ...core.errors import ConfigurationError, Problem
from ...core.settings import Settings, find_state_dir, program_environment
from ...supervisor.base import Program, Supervisor
from ...supervisor.launcher import uses_package
from ...supervisor.programs import shipped_programs
from ...supervisor.supervisord import Supervisord


def supervisor_of(settings: Settings) -> Supervisor:
    """The supervisord of this home; it is not started."""
    default = find_state_dir({}, settings.home)
    return Supervisord(
        settings.home, settings.state_dir, program_environment(settings), default_state_dir=default
    )


def needed_programs(settings: Settings, composition: Composition) -> list[Program]:
    """The programs of the enabled agents; those not in agents.supervisord.conf have their script.

    Raises ConfigurationError for an enabled agent without a script.
    """
    shipped = shipped_programs(settings.home)
    scripts = {program.script: program.name for program in shipped.values() if program.script}
    counts = {program.name: program.count for program in shipped.values()}
    enabled = [need for need in composition.agents.values() if need.enabled]
    return [_program(need, scripts, counts, composition) for need in enabled]


def check_scripts(settings: Settings, composition: Composition) -> None:
    """Raises ConfigurationError if the script of an enabled agent does not exist or is not executable."""
    path = find_testbed(settings.testbed_config, settings.workflows_dir)
    testbed = load_testbed(path) if path else None
    problems = script_problems(settings.workflows_dir, composition, testbed)
    if problems:
        raise ConfigurationError(*problems)


def need_monitor(settings: Settings, composition: Composition) -> bool:
    """Whether an enabled agent needs the monitor: as it says, else if its script is not of this package."""
    return any(
        not uses_package(settings.home / need.script) if need.monitor is None else need.monitor
        for need in composition.agents.values()
        if need.enabled
    )


def _program(
    need: AgentNeed, scripts: Mapping[str, str], counts: Mapping[str, int], composition: Composition
) -> Program:
    if not need.script:
        raise ConfigurationError(
            Problem(
                "is enabled without a script",
                'Add script = "agents/your_agent.py"',
                file=composition.configuration,
                field=f"agents.{need.name}",
            )
        )
    known = scripts.get(need.script)
    if known and not need.options:
        changed = need.count if need.count not in (1, counts[known]) else None
        return Program(known, count=changed)
    return Program(need.name, script=need.script, count=need.count, options=need.options)
