"""`python -m swf_console` is `swf-console`; `main` is what other programs of a home call."""

import sys

from .cli.main import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
