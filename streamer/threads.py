"""Threads of numeric libraries."""


def one_thread() -> None:
    """Keep numeric libraries from starting threads of their own: sums then do not depend on the number of cores."""
    import threadpoolctl  # type: ignore[import-untyped]

    threadpoolctl.threadpool_limits(1)
