"""`python -m swf_console` is `swf-console`; programs of a home call `main`."""

import sys

from .cli.main import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
