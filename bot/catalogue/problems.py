"""What is wrong with facts that somebody wrote."""

from collections.abc import Iterable


class CatalogueError(ValueError):
    """All problems together, each a sentence that names its place."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))
