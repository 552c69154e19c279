"""How many cases a fuzzing test takes, and JSON of any kind for it.

SWF_FUZZ_CASES=N: N cases, others at each run. Without it a few hundred, always the same.
"""

import os
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

FEW = 300
CASES = int(os.environ.get("SWF_FUZZ_CASES", FEW))
SECONDS = 120 + CASES // 20

# no shrinking of what is sent to another process: it cannot be told which of many broke it
fuzzing = settings(
    max_examples=CASES,
    database=None,
    derandomize="SWF_FUZZ_CASES" not in os.environ,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.generate),
)
ODD_TEXT = st.sampled_from(
    (
        *("", " ", "\x00", "\x1b[31mred", "[bold]x[/bold]", "<script>alert(1)</script>", "../../etc/passwd"),
        *(
            "x' OR '1'='1",
            '"; DROP TABLE swf_runs; --',
            "a" * 300,
            "\ud800",
            "\u202e",
            "100010",
            "-1",
            "1e400",
        ),
        *(
            "2026-01-01T00:00:00",
            "99999-01-01",
            "0000-00-00T00:00:00Z",
            "${HOME}",
            "{{7*7}}",
            "%s%n",
            "\r\n\r\n",
        ),
    )
)
NUMBERS = st.sampled_from((0, -1, 1, 2**31, 2**63, 2**70, -(2**63) - 1, 0.5, 1e308, -0.0)) | st.integers()
SCALARS = st.none() | st.booleans() | NUMBERS | ODD_TEXT | st.text(max_size=8)
ANY_JSON: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(ODD_TEXT | st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
