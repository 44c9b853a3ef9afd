"""Names of the columns of a matrix, and where each stands: both from one place."""


class Columns:
    """Columns in the order in which they are added.

    Attributes
    ----------
    names : list of str
        One for each column.
    """

    def __init__(self) -> None:
        self.names: list[str] = []

    def add(self, *names: str) -> slice:
        """Add columns; returns where they stand."""
        start = len(self.names)
        self.names.extend(names)
        return slice(start, len(self.names))

    def one(self, name: str) -> int:
        """Add a single column; returns its index."""
        return self.add(name).start  # type: ignore[no-any-return]
