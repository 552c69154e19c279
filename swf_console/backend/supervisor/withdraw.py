"""`python -m swf_console.backend.supervisor.withdraw SOCKET NAME`: a refused start ends without a restart.

supervisord would start a program again whose start was refused: three times if it ends within `startsecs`,
and without end on a machine that is too slow for that. The launcher becomes this program, which has
supervisord stop it.
"""

import sys
from pathlib import Path
from typing import NoReturn
from xmlrpc.client import Fault

from .launcher import CONFIGURATION_EXIT_CODE
from .rpc import NoAnswer, call


def main() -> NoReturn:
    """Have supervisord stop this process; it ends it by a signal, before or after this exit."""
    socket, name = sys.argv[1:]
    try:
        call(Path(socket), "supervisor.stopProcess", name, False)
    except (NoAnswer, Fault) as error:
        sys.stderr.write(f"swf-console: supervisord may start {name} again: {error}\n")
    sys.exit(CONFIGURATION_EXIT_CODE)


if __name__ == "__main__":
    main()
