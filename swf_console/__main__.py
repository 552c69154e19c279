"""`python -m swf_console` is `swf-console`."""

import sys

from .cli import main

sys.exit(main())
