"""The compiled core, with the interface of the numpy path: the C sources lie in ``core/``."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamer.analysis import core
from streamer.analysis.features import CANDIDATES, NAMES, FeatureExtractor
from streamer.analysis.finepitch import FinePitches
from streamer.analysis.framing import Pyramid
from streamer.analysis.level import LOUDEST, LevelMeter, Levels
from streamer.analysis.spectrum import (
    LAG_STEPS,
    LEAST_BETWEEN,
    MAX_LAG,
    POWER_WINDOWS,
    asymmetric_window,
    shift_by_half_a_sample,
)
from streamer.analysis.stream import FeatureBatch, FeatureStream, offset_share
from streamer.config import TrackerConfig
from streamer.events import FloatArray

_ROW = MAX_LAG * sum(LAG_STEPS)
_DOT = 16  # the core's sums go over a multiple of so many values


def make_stream(config: TrackerConfig, rate_hz: int) -> "FeatureStream | NativeStream":
    """The stream that the chosen core computes.

    Parameters
    ----------
    config : TrackerConfig
        Settings; ``hop`` and ``a4_hz`` are used.
    rate_hz : int
        Sample rate of the hops.
    """
    lib = core.native()
    return FeatureStream(config, rate_hz) if lib is None else NativeStream(config, rate_hz, lib)


def make_meter(hop: int, rate_hz: int) -> LevelMeter:
    """The level meter that the chosen core computes, see `LevelMeter`."""
    lib = core.native()
    return LevelMeter(hop, rate_hz) if lib is None else _NativeMeter(hop, rate_hz, lib)


class NativeStream:
    """`streamer.analysis.stream.FeatureStream`, compiled.

    Parameters
    ----------
    config : TrackerConfig
        Settings; ``hop`` and ``a4_hz`` are used.
    rate_hz : int
        Sample rate of the hops.
    lib : module
        Of `streamer.analysis.core.native`.
    fastest : int
        As `streamer.analysis.core.FASTEST`.
    """

    def __init__(self, config: TrackerConfig, rate_hz: int, lib: Any, fastest: int = core.FASTEST) -> None:
        self._hop, self._rate_hz = config.hop_at(rate_hz), rate_hz
        self._features = FeatureExtractor(self._hop / rate_hz, config.reference_hz)
        self._ffi, self._lib = lib.ffi, lib.lib
        tables = _Tables(lib.ffi)
        tables.values.hop = self._hop
        tables.values.offset_share = offset_share(self._hop, rate_hz)
        tables.pyramid(Pyramid(rate_hz, self._hop))
        tables.spectrum()
        tables.features(self._features)
        stream = self._lib.streamer_stream_new(tables.values, fastest)
        if stream == self._ffi.NULL:
            raise MemoryError("the compiled core cannot take the memory that it needs")
        self._stream = self._ffi.gc(stream, self._lib.streamer_stream_free)
        level, name_hz = self._features.level.astype(np.int32), self._features.f0_hz
        buffer = self._ffi.from_buffer
        kept = (buffer("int32_t[]", level), buffer("double[]", name_hz))
        pitch_tables = self._ffi.new("streamer_pitch_tables *", (*kept, rate_hz))
        self._for_pitches = (buffer, self._lib, *kept, pitch_tables)

    def analyse(self, hops: FloatArray) -> FeatureBatch:
        """As in `FeatureStream`."""
        n = len(hops)
        if hops.ndim != 2 or hops.shape[1] != self._hop:
            raise ValueError(f"hops are of shape {hops.shape}, not (n, {self._hop})")
        hops = np.ascontiguousarray(hops, np.float32)
        matrix = np.empty((n, len(CANDIDATES), len(NAMES)), np.float32)
        correlation, ratio = np.empty((n, _ROW), np.float32), np.empty((n, len(CANDIDATES)), np.float32)
        pointer = self._pointer
        self._lib.streamer_stream_analyse(
            self._stream, pointer(hops), n, pointer(matrix), pointer(correlation), pointer(ratio)
        )
        return FeatureBatch(matrix, NativePitches(correlation, ratio, self._rate_hz, self._features, self._for_pitches))

    def _pointer(self, array: FloatArray) -> Any:
        return self._ffi.from_buffer("float[]", array)


class NativePitches(FinePitches):
    """The same numbers, to the bit, sooner.

    Parameters
    ----------
    correlation : ndarray of float32, shape (hops, windows, lags)
        As `FinePitches` takes it.
    period_ratio : ndarray of float32, shape (hops, 88)
        As well.
    rate_hz : int
        Samples per second.
    extractor : FeatureExtractor
        Whose candidates these are.
    compiled : cdata
        The core's stream.
    """

    def __init__(
        self,
        correlation: FloatArray,
        period_ratio: FloatArray,
        rate_hz: int,
        extractor: FeatureExtractor,
        compiled: Any,
    ) -> None:
        super().__init__(correlation, extractor, period_ratio, rate_hz)
        self._compiled = compiled

    def of_each(self, candidates: NDArray[np.intp]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """As in `FinePitches`."""
        n = len(self.correlation)
        if len(candidates) != n:
            raise ValueError(f"{len(candidates)} candidates for {n} hops")
        f0_hz, age, chosen = np.empty(n), np.empty(n, np.int64), candidates.astype(np.int64, copy=False)
        buffer, lib, level, name_hz, _ = self._compiled
        lib.streamer_fine_pitches(
            buffer("float[]", self.correlation),
            n,
            buffer("int64_t[]", chosen),
            level,
            name_hz,
            buffer("float[]", self.period_ratio),
            self.rate_hz,
            buffer("double[]", f0_hz),
            buffer("int64_t[]", age),
        )
        return f0_hz, age

    def scored(
        self, matrix: FloatArray, network: "NativeNetwork"
    ) -> tuple[FloatArray, FloatArray, NDArray[np.intp], NDArray[np.float64], NDArray[np.int64]]:
        """All at once what a scorer says of the hops, and the fine pitch of the likeliest candidates.

        Parameters
        ----------
        matrix : ndarray of float32, shape (hops, 88, features)
            Of the same hops.
        network : NativeNetwork
            The scorer.

        Returns
        -------
        scores, onset_scores : ndarray of float32, shape (hops, 88)
        likeliest, f0_hz, age : ndarray, shape (hops,)
            As of `streamer.analysis.evidence.Evidence`.
        """
        n = len(self.correlation)
        buffer, lib, _, _, tables = self._compiled
        odds = np.empty((2, n, len(CANDIDATES)), np.float32)
        likeliest, f0_hz, age = np.empty(n, np.int64), np.empty(n), np.empty(n, np.int64)
        other_shape = lib.streamer_score(
            network.core,
            buffer("float[]", matrix),
            n,
            tables,
            buffer("float[]", self.correlation),
            buffer("float[]", self.period_ratio),
            buffer("float[]", odds[0]),
            buffer("float[]", odds[1]),
            buffer("int64_t[]", likeliest),
            buffer("double[]", f0_hz),
            buffer("int64_t[]", age),
        )
        if other_shape:
            raise ValueError(f"the network does not make two outputs of {len(NAMES)} features")
        return odds[0], odds[1], likeliest.astype(np.intp, copy=False), f0_hz, age


class _NativeMeter(LevelMeter):
    """`LevelMeter`, compiled, with sums in double precision."""

    def __init__(self, hop: int, rate_hz: int, lib: Any) -> None:
        super().__init__(hop, rate_hz)
        self._ffi, self._lib = lib.ffi, lib.lib
        self._rings = [lib.ffi.new("double[]", self._count) for _ in range(2)]
        self._meter = lib.ffi.new("streamer_meter *", (rate_hz, *self._rings, self._count, 0, 0))

    def _levels(self, hops: FloatArray) -> Levels | None:
        hops = np.ascontiguousarray(hops, np.float32)
        peak, measured = np.empty(len(hops), np.float32), np.empty((3, len(hops)))
        buffer = self._ffi.from_buffer
        faulty = self._lib.streamer_levels(
            self._meter,
            buffer("float[]", hops),
            *hops.shape,
            LOUDEST,
            buffer("float[]", peak),
            *(buffer("double[]", values) for values in measured),
        )
        return None if faulty else Levels(peak, *measured.tolist())


class _Tables:
    """The numpy path's own tables as the core takes them; they must live until it has copied them."""

    def __init__(self, ffi: Any) -> None:
        self._ffi = ffi
        self._kept: list[NDArray[Any]] = []
        self.values = ffi.new("streamer_tables *")

    def pyramid(self, pyramid: Pyramid) -> None:
        """Of resampling and halving."""
        values = self.values
        values.up, values.down, values.half = pyramid.up, pyramid.down, pyramid.half
        self._set("taps", _padded(pyramid.taps))
        values.taps_width = len(self._kept[-1][0])
        self._set("halving", _padded(pyramid.halving[None])[0])

    def spectrum(self) -> None:
        """Of windows and of the shift between samples."""
        self._set("window_short", asymmetric_window(POWER_WINDOWS[0]))
        self._set("window_long", asymmetric_window(POWER_WINDOWS[1]))
        shift = shift_by_half_a_sample()
        self._set("shift_real", shift.real.astype(np.float32))
        self._set("shift_imaginary", shift.imag.astype(np.float32))
        self.values.least_between = LEAST_BETWEEN

    def features(self, extractor: FeatureExtractor) -> None:
        """Of where features are read, and of the past."""
        for name, array in extractor.tables().items():
            self._set(name, array)
        values = self.values
        values.tie, values.depth, values.floor_climb = extractor.tie, extractor.depth, extractor.floor_climb
        values.rise_hops, values.trough_hops = extractor.rise_hops, extractor.trough_hops

    def _set(self, name: str, array: NDArray[Any]) -> None:
        kinds = {"f": (np.float32, "float[]"), "i": (np.int32, "int32_t[]"), "b": (np.uint8, "uint8_t[]")}
        dtype, kind = kinds[array.dtype.kind]
        self._kept.append(np.ascontiguousarray(array, dtype))
        setattr(self.values, name, self._ffi.from_buffer(kind, self._kept[-1]))


def _padded(taps: FloatArray) -> FloatArray:
    """With zeros before each row, up to a multiple of `_DOT`."""
    return np.pad(taps, ((0, 0), (-taps.shape[1] % _DOT, 0)))


class NativeNetwork:
    """`streamer.analysis.network.Network.log_odds`, compiled.

    Parameters
    ----------
    lib : module
        Of `streamer.analysis.core.native`.
    weights, biases : tuple of ndarray of float32
        As of `Network`.
    fastest : int
        As `streamer.analysis.core.FASTEST`.

    Raises
    ------
    ValueError
        If a layer is wider than the core takes.

    Attributes
    ----------
    core : cdata
        Its ``streamer_network``.
    """

    def __init__(
        self,
        lib: Any,
        weights: tuple[FloatArray, ...],
        biases: tuple[FloatArray, ...],
        fastest: int = core.FASTEST,
    ) -> None:
        self._ffi, self._lib = lib.ffi, lib.lib
        self._inputs, self._outputs = len(weights[0]), weights[-1].shape[1]
        units = [self._inputs, *(weight.shape[1] for weight in weights)]
        kept = [[np.ascontiguousarray(a, np.float32) for a in arrays] for arrays in (weights, biases)]
        pointers = [[self._ffi.from_buffer("float[]", a) for a in arrays] for arrays in kept]
        network = self._lib.streamer_network_new(len(weights), units, *pointers, fastest)
        if network == self._ffi.NULL:
            raise ValueError("a layer is wider than the compiled core takes")
        self.core = self._ffi.gc(network, self._lib.streamer_network_free)

    def log_odds(self, matrix: FloatArray) -> FloatArray:
        """As of `Network`.

        Parameters
        ----------
        matrix : ndarray of float32, shape (..., n, features)
            Rows of features.
        """
        if matrix.shape[-1] != self._inputs:
            raise ValueError(f"rows have {matrix.shape[-1]} features, not {self._inputs}")
        rows = np.ascontiguousarray(matrix, np.float32)
        out = np.empty((*rows.shape[:-1], self._outputs), np.float32)
        if out.size:
            pointer = self._ffi.from_buffer
            self._lib.streamer_network_log_odds(
                self.core, pointer("float[]", rows), out.size // self._outputs, pointer("float[]", out)
            )
        return out
