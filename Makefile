.PHONY: run test again fuzz check bench format lock pictures clean

PY := .venv/bin/python

run:
	@tools/setup run
	@tools/run

test:
	@tools/setup test
	@$(PY) -m tests.support.services
	@$(PY) -m pytest -n 3 --dist worksteal || $(MAKE) --no-print-directory again

# What failed beside other tests, on two busy cores, gets one more try alone; a fault fails again.
again:
	@echo "once more, alone: what failed beside other tests" >&2
	@$(PY) -m pytest --last-failed --last-failed-no-failures none

# In parts: a broken one is known early, and logs are read before they are rotated away.
fuzz:
	@tools/setup test
	@for part in 1 2 3 4 5; do \
		SWF_FUZZ_CASES=20000 $(PY) -m pytest tests/integration/api/test_fuzz_rest.py tests/integration/backend/services/test_fuzz_control.py \
			|| exit 1; \
	done

check:
	@tools/setup test
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports

format:
	@tools/setup test
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

bench:
	@tools/setup test
	@$(PY) -m bench

pictures:
	@tools/setup test
	@$(PY) -m tools.pictures

lock:
	tools/lock

clean:
	rm -rf .venv .state .mypy_cache .ruff_cache .pytest_cache dist build
