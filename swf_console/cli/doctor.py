"""`swf-console doctor`: check everything that a run needs, with an advice for each problem."""

import argparse
from collections import Counter

from ..backend.core.settings import load_settings
from .arguments import add, add_json, given
from .output import brief, emit, keep_logs_off_the_screen, say, show


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The testbed configuration and the output format."""
    add(parser, "--testbed-config", "FILE", "testbed.toml (workflows/testbed.toml)")
    add_json(parser, "one JSON object per check")


def run(arguments: argparse.Namespace) -> int:
    """Print each check as it finishes; exit code 0, 2, or 3 if a backend fails."""
    from ..backend.services.health.doctor.checks import CheckResult
    from ..backend.services.health.doctor.run import exit_code, run_checks

    keep_logs_off_the_screen()
    checks = []
    testbed = given(arguments, "testbed_config")
    for check in run_checks(lambda: load_settings(home=arguments.home, testbed_config=testbed)):
        checks.append(check)
        if arguments.json:
            emit(check)
            continue
        show(f"{check.verdict.upper():<4}  {check.name:<18} {brief(check.found, 1000)}")
        if check.verdict is not CheckResult.OK and check.advice:
            show(f"{'':<6}{'':<18} -> {brief(check.advice, 1000)}")
    counts = Counter(check.verdict for check in checks)
    say(", ".join(f"{counts[verdict]} {verdict}" for verdict in CheckResult))
    return exit_code(checks)
