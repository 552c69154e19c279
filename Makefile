.PHONY: run test again check bench format lock pictures clean

PY := .venv/bin/python

run:
	@tools/setup run
	@tools/run

test:
	@tools/setup test
	@$(PY) -m tests.support.services
	@$(PY) -m pytest -n 2 || $(MAKE) --no-print-directory again

# What failed beside other tests, on two busy cores, gets one more try alone; a fault fails again.
again:
	@echo "once more, alone: what failed beside other tests" >&2
	@$(PY) -m pytest --last-failed --last-failed-no-failures none

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
