"""Follow `includes` from a configuration to every file that it is composed of."""

from dataclasses import replace
from pathlib import Path, PurePosixPath

from ..errors import ConfigurationError, Problem
from .documents import Document, parse_document, read_document

MAXIMUM_FILES = 200


class IncludeTree:
    """The files of one configuration. `unsaved` holds texts that an editor has not written yet."""

    def __init__(self, workflows_dir: Path, unsaved: dict[Path, str] | None = None) -> None:
        self._root = workflows_dir.resolve()
        self._unsaved = unsaved or {}
        self._read: dict[Path, Document] = {}
        self._loaded = 0
        self._problems: list[Problem] = []

    def load(self, path: Path, problems: list[Problem]) -> list[Document]:
        """Every document that can be read, in loading order: what is included comes before what includes it.

        Every missing, cyclic, outside or broken file is among `problems` then, each with its chain. Raises
        ConfigurationError where `path` itself cannot be read.
        """
        documents = self._documents(path, ())
        if not documents:
            raise ConfigurationError(*dict.fromkeys(self._problems))
        problems += dict.fromkeys(self._problems)
        return documents

    def _documents(self, path: Path, chain: tuple[str, ...]) -> list[Document]:
        document = self._document(path, chain)
        if document is None:
            return []
        documents: list[Document] = []
        for index, name in enumerate(self._names(document)):
            line = document.place("workflow", "includes", index).line
            link = (*chain, f"{self._shown(path)}:{line}")
            self._loaded += 1
            message = self._refusal(path, name, link)
            if message:
                self._complain(document, index, name, message, link)
            elif self._loaded <= MAXIMUM_FILES:
                documents += self._documents(self._target(path, name), link)
        return [*documents, document]

    def _names(self, document: Document) -> list[str]:
        workflow = document.data.get("workflow", {})
        names = workflow.get("includes", []) if isinstance(workflow, dict) else []
        if isinstance(names, list) and all(isinstance(name, str) for name in names):
            return names
        keys = ("workflow", "includes")
        self._problems.append(document.problem('must be an array of file names: ["a.toml", "b.toml"]', *keys))
        return []

    def _refusal(self, path: Path, name: str, link: tuple[str, ...]) -> str:
        """Why the file `name` may not be followed from `path`, or nothing."""
        return _bad_name(name) or self._bad_target(self._target(path, name), link)

    def _bad_target(self, target: Path, link: tuple[str, ...]) -> str:
        if not target.resolve().is_relative_to(self._root):
            return "is a link that leads out of the workflows folder"
        if self._shown(target) in {step.rpartition(":")[0] for step in link}:
            return "includes itself"
        if self._loaded == MAXIMUM_FILES + 1:
            return f"is one too many: at most {MAXIMUM_FILES} are followed"
        return "" if target in self._unsaved or target.exists() else "does not exist"

    def _complain(
        self, document: Document, index: int, name: str, message: str, link: tuple[str, ...]
    ) -> None:
        place = document.place("workflow", "includes", index)
        text = f"the included file {name!r} {message}: {' -> '.join((*link, name))}"
        self._problems.append(Problem(text, "", document.path, place.line, place.column, "workflow.includes"))

    def _document(self, path: Path, chain: tuple[str, ...]) -> Document | None:
        if path in self._read:
            return self._read[path]
        try:
            text = self._unsaved.get(path)
            document = read_document(path) if text is None else parse_document(text, path)
        except ConfigurationError as error:
            note = f" (included by {' -> '.join(chain)})" if chain else ""
            self._problems += [replace(each, message=each.message + note) for each in error.problems]
            return None
        self._read[path] = document
        return document

    def _target(self, path: Path, name: str) -> Path:
        return path.parent / (name if name.endswith(".toml") else f"{name}.toml")

    def _shown(self, path: Path) -> str:
        resolved = path.resolve()
        return str(resolved.relative_to(self._root)) if resolved.is_relative_to(self._root) else str(path)


def _bad_name(name: str) -> str:
    if not name or "\0" in name or "\\" in name:
        return "is no file name"
    if name.startswith("/"):
        return "is an absolute path; includes stay inside the workflows folder"
    if ".." in PurePosixPath(name).parts:
        return "has a '..'; includes stay inside the workflows folder"
    return ""
