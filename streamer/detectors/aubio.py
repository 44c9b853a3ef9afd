"""aubio's detectors (https://aubio.org), as baselines and for those who know them.

Measured: ``yinfast`` is accurate to a tenth of a cent from 55 Hz up; ``yinfft`` reads low notes sharp, by 36 cents at
110 Hz and 62 at 82 Hz, and its confidence is always 0; so for all but the two plain YINs a frequency above 0 counts
as sure.
"""

from streamer.detectors.base import PitchOnlyDetector
from streamer.errors import require_extra
from streamer.events import FloatArray

METHODS = ("yin", "yinfast", "yinfft", "mcomb", "fcomb", "schmitt", "specacf")
_CONFIDENT = ("yin", "yinfast")
_WINDOW_S = 0.046
_RANGE_HZ = (20.0, 5_000.0)
_SURE = 0.8
_SILENCE_DB = -60.0
_LIKELY = 0.8  # its first estimates of a note come while the window is still half empty


class AubioDetector(PitchOnlyDetector):
    """One of aubio's pitch detectors, over a window of 46 ms."""

    def reset(self) -> None:
        """As in `Detector`."""
        super().reset()
        require_extra("aubio", f"the detector {self.config.detector!r}")
        import aubio

        window = 1 << round(_WINDOW_S * self.rate_hz).bit_length() - 1
        self._window = max(window, 1 << (2 * self.config.hop - 1).bit_length())
        self._pitch = aubio.pitch(self.config.detector, self._window, self.config.hop, self.rate_hz)
        self._pitch.set_unit("Hz")
        self._pitch.set_silence(_SILENCE_DB)

    def estimate(self, hop: FloatArray) -> tuple[float, float]:
        """As in `PitchOnlyDetector`."""
        f0_hz = float(self._pitch(hop)[0])
        if not _RANGE_HZ[0] < f0_hz < _RANGE_HZ[1]:
            return 0.0, 0.0
        if self.config.detector in _CONFIDENT:
            # aubio's own confidence, moved so that what is usually taken as voiced (0.8) is as likely as not.
            return f0_hz, min(1.0, max(0.0, 0.5 + 2.5 * (float(self._pitch.get_confidence()) - _SURE)))
        return f0_hz, _LIKELY

    @property
    def age(self) -> int:
        """As in `PitchOnlyDetector`."""
        return self._window // 2
