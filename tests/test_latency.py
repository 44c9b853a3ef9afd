"""Latency figures: what they are of, and that they stay bounded."""

import pytest

from streamer.latency import BINS_MS, PARTS, REMEMBERED, LatencyStats


def test_nothing_yet_is_zero() -> None:
    stats = LatencyStats()
    assert {summary.p99_ms for summary in stats.summaries().values()} == {0.0}
    assert sum(stats.histogram()) == 0


def test_the_total_is_the_sum_of_the_four_parts() -> None:
    stats = LatencyStats()
    assert stats.add(20.0, 2.0, 1.0, 0.5) == 23.5
    summaries = stats.summaries()
    assert [summaries[part].p50_ms for part in PARTS] == [20.0, 2.0, 1.0, 0.5, 23.5]
    assert summaries["total"].jitter_ms == 0.0


def test_percentiles_of_known_latencies() -> None:
    stats = LatencyStats()
    for ms in range(101):
        stats.add(float(ms), 0.0, 0.0, 0.0)
    total = stats.summaries()["total"]
    assert (total.p50_ms, total.p95_ms, total.p99_ms, total.max_ms) == (50.0, 95.0, 99.0, 100.0)
    assert total.jitter_ms == pytest.approx(29.155, abs=0.001)


def test_a_worst_case_is_not_forgotten() -> None:
    stats = LatencyStats()
    stats.add(900.0, 0.0, 0.0, 0.0)
    for _ in range(2 * REMEMBERED):
        stats.add(10.0, 0.0, 0.0, 0.0)
    total = stats.summaries()["total"]
    assert (total.p99_ms, total.max_ms, stats.count) == (10.0, 900.0, 2 * REMEMBERED + 1)


def test_every_note_is_in_one_bin() -> None:
    stats = LatencyStats()
    for ms in (0.1, 5.0, 5.1, 10_000.0):
        stats.add(ms, 0.0, 0.0, 0.0)
    histogram = stats.histogram()
    assert len(histogram) == len(BINS_MS)
    assert (histogram[0], histogram[1], histogram[-1], sum(histogram)) == (2, 1, 1, 4)
