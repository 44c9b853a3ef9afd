"""Work on the user's own Dask or Ray, by joblib's backends for them.

`streamer.jobs.Workers` is what the others know of it.
"""

import logging
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from itertools import chain
from typing import Any, Final

from streamer.errors import ClusterError, ConfigError, require_extra
from streamer.threads import one_thread

_CONNECT_S = 10.0
_RAY_NOTICES_S, _RAY_POLL_S = 60.0, 1.0  # so long that a machine has died, and how often it is looked at
_RAY_ATTEMPTS = 3
_AHEAD = "3 * n_jobs"
LOST: Final = object()  # in place of the result of an item whose process was killed


def check_address(address: str) -> str:
    """The address of a cluster, if it is one.

    Parameters
    ----------
    address : str
        ``dask://HOST:PORT`` or ``ray://HOST:PORT``.

    Raises
    ------
    ConfigError
        If it is something else.
    """
    protocol, mark, where = address.partition("://")
    if protocol not in _KINDS or not mark or not where:
        raise ConfigError(f"there is no cluster {address!r}; name dask://HOST:8786 or ray://HOST:10001")
    return address


class Cluster:
    """A connection to a cluster; a context manager.

    Parameters
    ----------
    address : str
        ``dask://HOST:PORT`` or ``ray://HOST:PORT``.

    Raises
    ------
    ConfigError
        If the address is something else.
    MissingExtraError
        If the library for it is not installed.
    ClusterError
        If nobody answers there.
    """

    def __init__(self, address: str) -> None:
        self.address = check_address(address)
        self._resources = ExitStack()
        self._must_restart, connect = _KINDS[address.partition("://")[0]]
        self._backend = connect(address, self._resources)

    def close(self) -> None:
        """Let go of it; what it works on for others goes on."""
        self._resources.close()

    def unordered(
        self, work: Callable[[Any], Any], numbered: Iterator[tuple[int, Any]]
    ) -> Iterator[tuple[int, Any, Any]]:
        """Each item's place, the item, and what ``work`` makes of it, as they come.

        Parameters
        ----------
        work : callable
            What is done with each; the workers must have the package that it comes from.
        numbered : iterator of (int, object)
            Places and items; no more are taken than are soon needed.

        Yields
        ------
        (int, object, object)
            The last is `LOST` where a process was killed again when it worked on that item alone.

        Raises
        ------
        ClusterError
            If it does not answer any more, or has no workers.
        """
        while True:
            round_, lost, ended = _Round(work, numbered), set[int](), True
            for place, result in self._results(round_):
                if result is not LOST:
                    yield place, round_.begun.pop(place), result
                    continue
                lost.add(place)
                if self._must_restart:
                    ended = False
                    break
            left = round_.stop()
            for place, item in left:
                if place in lost:  # once more, with no other that may be what kills
                    alone = _Round(work, iter([(place, item)]))
                    yield place, item, next(result for _, result in self._results(alone))
            if ended:
                return
            numbered = chain([one for one in left if one[0] not in lost], numbered)

    def _results(self, round_: "_Round") -> Iterator[tuple[int, Any]]:
        import joblib

        with self._told(), warnings.catch_warnings(), ExitStack() as closing:
            warnings.simplefilter("ignore")  # of results that nobody waits for, when a run is interrupted
            parallel = joblib.Parallel(
                backend=self._backend(), return_as="generator_unordered", pre_dispatch=_AHEAD, batch_size=1
            )
            results = parallel(round_.calls())
            closing.callback(results.close)
            yield from results

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (OSError, TimeoutError) as error:
            raise ClusterError(
                f"{self.address} does not answer, or has no workers ({error}); "
                "when it does, type the same again: what is done stays done"
            ) from error


class _Round:
    """The items of one call of joblib, which asks for them in threads of its own."""

    def __init__(self, work: Callable[[Any], Any], numbered: Iterator[tuple[int, Any]]) -> None:
        self.begun: dict[int, Any] = {}
        self._work = work
        self._numbered = numbered
        self._lock = threading.Lock()
        self._stopped = False

    def calls(self) -> Iterator[Any]:
        """What joblib is to call."""
        while True:
            with self._lock:
                if self._stopped or (following := next(self._numbered, None)) is None:
                    return
                place, item = following
                self.begun[place] = item
            yield _call, (self._work, place, item), {}

    def stop(self) -> list[tuple[int, Any]]:
        """No more; what was begun and did not come back."""
        with self._lock:
            self._stopped = True
            return list(self.begun.items())


def _connect_dask(address: str, resources: ExitStack) -> Callable[[], Any]:
    require_extra("distributed", "--cluster dask://")
    require_extra("joblib", "--cluster")
    from distributed import Client

    try:
        client = Client(  # type: ignore[no-untyped-call]
            f"tcp://{address.partition('://')[2]}", timeout=_CONNECT_S, set_as_default=False
        )
    except (OSError, ValueError) as error:
        raise ClusterError(f"no Dask scheduler answers at {address}: {error}; `dask scheduler` starts one") from error
    resources.callback(client.close)
    return lambda: _dask_backend()(client=client, wait_for_workers_timeout=_CONNECT_S)


@lru_cache
def _dask_backend() -> type[Any]:
    from joblib._dask import DaskDistributedBackend

    class Backend(DaskDistributedBackend):  # type: ignore[misc]
        """Joblib's own, which waits for ever for a task that Dask gives up, and works here if there is one worker."""

        def effective_n_jobs(self, n_jobs: int) -> int:
            return max(2, int(super().effective_n_jobs(n_jobs)))

        def submit(self, func: Any, callback: Any = None) -> Any:
            future = super().submit(func, callback)
            lost = _lost(func)
            future.add_done_callback(lambda done: callback(lost) if done.exception() is not None else None)
            return future

    return Backend


def _connect_ray(address: str, resources: ExitStack) -> Callable[[], Any]:
    require_extra("ray", "--cluster ray://")
    require_extra("joblib", "--cluster")
    import ray

    for attempt in range(_RAY_ATTEMPTS):
        try:
            connection = ray.init(address, log_to_driver=False, logging_level=logging.ERROR)
        except ConnectionAbortedError as error:  # its server starts a process for us, which may take too long
            if attempt == _RAY_ATTEMPTS - 1:
                raise ClusterError(f"the Ray at {address} starts nothing for us; is it overloaded?") from error
        except (OSError, RuntimeError, ValueError) as error:
            why = str(error).partition("\n")[0]  # a traceback follows
            raise ClusterError(f"no Ray answers at {address}: {why}; `ray start --head` starts one") from error
        else:
            resources.callback(connection.disconnect)
            break
    return _ray_backend


@lru_cache
def _ray_backend_class() -> type[Any]:
    from ray.exceptions import RayActorError
    from ray.util.joblib.ray_backend import RayBackend

    class Backend(RayBackend):  # type: ignore[misc]
        """Ray's own, which knows no results one by one, and takes the death of an actor for a result."""

        supports_return_generator = True

        def configure(self, n_jobs: int = 1, *more: Any, **named: Any) -> int:
            """Make the pool; on a machine that has just died actors are started until Ray notices."""
            until_s = time.monotonic() + _RAY_NOTICES_S
            while True:
                try:
                    return int(super().configure(min(n_jobs, _ray_processors()), *more, **named))
                except (RayActorError, ValueError) as error:
                    if time.monotonic() > until_s:
                        raise TimeoutError("its workers die as soon as they start") from error
                    time.sleep(_RAY_POLL_S)

        def submit(self, func: Any, callback: Any = None) -> Any:
            lost = _lost(func)
            return super().submit(func, lambda out: callback(lost if isinstance(out, Exception) else out))

    return Backend


def _ray_processors() -> int:
    import ray

    return int(ray.cluster_resources().get("CPU", 0))


def _ray_backend() -> Any:
    processors = _ray_processors()
    if processors < 2:
        raise ConfigError("that Ray has one processor, which is no cluster: `--jobs` works without it")
    backend = _ray_backend_class()(nesting_level=0)
    backend.default_n_jobs = processors
    return backend


def _lost(batch: Any) -> list[tuple[int, object]]:
    """What stands for the results of joblib's batch of calls of `_call`."""
    return [(arguments[1], LOST) for _, arguments, _ in batch.items]


# After an actor's death Ray's pool goes on giving work to it, so a new pool must be made.
_KINDS: dict[str, tuple[bool, Callable[[str, ExitStack], Callable[[], Any]]]] = {
    "dask": (False, _connect_dask),
    "ray": (True, _connect_ray),
}


# Where the work runs.


def _call(work: Callable[[Any], Any], place: int, item: Any) -> tuple[int, Any]:
    _prepare()
    return place, work(item)


@lru_cache
def _prepare() -> None:
    one_thread()
