"""Setup on a new machine: a checkout, a wheel, and a home."""

import shlex
import shutil
import stat
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..support.homes import CHECKOUT, plain_environment, run
from ..support.services import private_directory
from ..support.waiting import wait_for

BUILT_FROM = ("swf_console", "workflows", "agents", "agents.supervisord.conf", "pyproject.toml", "README.md")


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the programs of a virtual environment that knows swf-console by its wheel alone."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    copy_sources(source)
    pip: list[str | Path] = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    build = [*pip, "wheel", ".", "--no-deps", "--no-build-isolation", "--wheel-dir", folder]
    built = run(build, cwd=source, timeout=90)
    assert built.returncode == 0, built.stderr
    environment = folder / "environment"
    made = run([sys.executable, "-m", "venv", "--without-pip", environment], cwd=folder)
    assert made.returncode == 0, made.stderr
    wheel = next(folder.glob("*.whl"))
    install = [*pip, "--python", environment / "bin" / "python", "install", "--no-deps", wheel]
    installed = run(install, cwd=folder, timeout=90)
    assert installed.returncode == 0, installed.stderr
    borrow_dependencies(environment)
    return environment / "bin"


def copy_sources(target: Path) -> None:
    """Copy what a wheel is built from, away from what runs beside this test."""
    target.mkdir()
    for name in BUILT_FROM:
        original = CHECKOUT / name
        if original.is_dir():
            shutil.copytree(original, target / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(original, target / name)


def borrow_dependencies(environment: Path) -> None:
    """Let the environment see the libraries installed here; its own swf-console comes first."""
    packages = next(environment.glob("lib/python*/site-packages"))
    (packages / "borrowed.pth").write_text(f"{sysconfig.get_path('purelib')}\n")


@pytest.fixture(scope="module")
def home(installation: Path) -> Iterator[Path]:
    """A home that the wheel made, in a folder with spaces."""
    with private_directory("home") as folder:
        made = folder / "a home"
        done = run([installation / "swf-console", "init", made], cwd=folder)
        assert done.returncode == 0, done.stderr
        assert str(made / "workflows" / "testbed.toml") in done.stdout.splitlines()
        yield made


def test_init_from_wheel_writes_home_like_checkout(home: Path) -> None:
    for name in ("workflows/testbed.toml", "workflows/stf_datataking.py", "agents.supervisord.conf"):
        assert (home / name).read_bytes() == (CHECKOUT / name).read_bytes()
    assert (home / ".gitignore").read_text() == ".state/\n"


def test_init_existing_home_is_refused(installation: Path, home: Path) -> None:
    done = run([installation / "swf-console", "init", home], cwd=home)
    assert done.returncode == 5
    assert "exists already" in done.stderr


def test_init_home_of_wheel_runs_workflow(installation: Path, home: Path) -> None:
    command = ["--run", "stf_datataking", "--namespace", "demo", "--stf-count", "2"]
    done = run([installation / "swf-console", *command], cwd=home)
    assert done.returncode == 0, done.stderr
    assert stat.S_IMODE((home / ".state").stat().st_mode) == 0o700
    shown = run([installation / "swf-console", "executions"], cwd=home)
    assert "completed" in shown.stdout


def test_init_supervisord_configuration_is_valid(home: Path) -> None:
    (home / ".state" / "logs").mkdir(mode=0o700, parents=True, exist_ok=True)
    configuration = ["-c", str(home / "agents.supervisord.conf")]
    programs = Path(sysconfig.get_path("scripts"))
    supervisord = subprocess.Popen(
        [programs / "supervisord", "-n", "-s", *configuration],
        cwd=home,
        env=plain_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
    )
    try:

        def status() -> str:
            told = run([programs / "supervisorctl", *configuration, "status"], cwd=home)
            return told.stdout if "STOPPED" in told.stdout else ""

        assert "workflow-runner" in wait_for(status, timeout=20)
    finally:
        supervisord.terminate()
        supervisord.wait(20)


def bare_checkout(folder: Path) -> Path:
    """What tools/setup reads, in a folder with spaces, without a .venv."""
    copy = folder / "a checkout"
    (copy / "tools").mkdir(parents=True)
    for name in ("tools/setup", "requirements.lock", "requirements-dev.lock", "pyproject.toml"):
        shutil.copy(CHECKOUT / name, copy / name)
    return copy


@pytest.mark.parametrize("what", ["run", "test"])
def test_setup_complete_installation_does_nothing(what: str, tmp_path: Path) -> None:
    copy = bare_checkout(tmp_path)
    (copy / ".venv" / "bin").mkdir(parents=True)
    (copy / ".venv" / "bin" / "python").symlink_to("/bin/false")
    lock = {"run": "requirements.lock", "test": "requirements-dev.lock"}[what]
    stamp = f"{{ echo '{copy}/.venv'; cat {lock} pyproject.toml; }} | sha256sum > .venv/{lock}.stamp"
    assert run(["sh", "-c", stamp], cwd=copy).returncode == 0
    done = run(["tools/setup", what], cwd=copy)
    assert (done.returncode, done.stderr) == (0, "")


def test_setup_old_python_is_one_line_error(tmp_path: Path) -> None:
    copy = bare_checkout(tmp_path)
    done = run(["tools/setup", "run"], cwd=copy, environment=plain_environment(PYTHON="/bin/false"))
    assert done.returncode == 2
    assert done.stderr.startswith("swf-console: needs Python 3.11 or newer")
    assert not (copy / ".venv").exists()


def test_setup_python_without_ensurepip_is_one_line_error(tmp_path: Path) -> None:
    copy = bare_checkout(tmp_path)
    bare = tmp_path / "python3"
    python = shlex.quote(sys.executable)
    bare.write_text(f'#!/bin/sh\ncase "$2" in *ensurepip*) exit 1 ;; esac\nexec {python} "$@"\n')
    bare.chmod(0o755)
    # No apt-get on this PATH: the machine cannot help itself.
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("sh", "dirname", "cat", "sha256sum", "flock", "grep", "id"):
        (programs / name).symlink_to(str(shutil.which(name)))
    environment = {"PATH": str(programs), "PYTHON": str(bare)}
    done = run(["tools/setup", "run"], cwd=copy, environment=environment)
    assert done.returncode == 2
    assert "apt-get install python3." in done.stderr
    assert not (copy / ".venv").exists()
