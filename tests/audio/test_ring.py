"""The ring: what is written is read, in order and in time, and what is lost is counted."""

import threading

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from streamer.audio.ring import Ring


def counted(start: int, count: int) -> np.ndarray:
    return np.arange(start, start + count, dtype=np.float32)


@given(
    st.lists(st.tuples(st.integers(1, 12), st.integers(0, 3), st.booleans()), max_size=80),
    st.integers(1, 30),
    st.integers(1, 6),
)
def test_time_goes_on_through_every_loss(writes: list[tuple[int, int, bool]], size: int, blocks: int) -> None:
    """Each sample carries its true index, and each block says where it starts: they agree, whatever was lost."""
    ring = Ring(size, blocks)
    true_time = time_index = heard = 0
    for count, lost, reads in [*writes, (0, 0, True)]:
        true_time += lost
        ring.write(counted(true_time, count), 7 * true_time, lost)
        true_time += count
        while reads and (block := ring.read()) is not None:
            assert block.samples.tolist() == counted(block.start, len(block.samples)).tolist()
            assert block.start == time_index + block.lost
            assert block.captured_ns == 7 * block.start
            time_index = block.start + len(block.samples)
            heard += len(block.samples)
    assert heard + ring.lost == true_time


def test_the_newest_is_refused_when_it_is_full() -> None:
    ring = Ring(10)
    assert ring.write(counted(0, 6), 0)
    assert not ring.write(counted(6, 6), 0)
    assert ring.write(counted(12, 4), 0)
    assert (ring.lost, ring.losses) == (6, 1)
    first, second = ring.read(), ring.read()
    assert first is not None
    assert second is not None
    assert (first.start, first.lost, second.start, second.lost) == (0, 0, 12, 6)
    assert ring.read() is None


def test_what_was_read_stays_when_the_ring_goes_on() -> None:
    ring = Ring(8)
    ring.write(counted(0, 8), 0)
    block = ring.read()
    ring.write(counted(100, 8), 0)
    assert block is not None
    assert block.samples.tolist() == list(range(8))


def test_a_strided_view_is_one_channel() -> None:
    ring = Ring(8)
    ring.write(counted(0, 12)[1::2], 0)
    block = ring.read()
    assert block is not None
    assert block.samples.tolist() == [1, 3, 5, 7, 9, 11]


def test_two_threads_agree() -> None:
    ring = Ring(1000, 50)
    total = 200_000
    done = threading.Event()

    def write() -> None:
        at, lengths = 0, np.random.default_rng(1).integers(1, 200, total)
        while at < total:
            count = int(lengths[at])
            ring.write(counted(at, count), at)
            at += count
        done.set()
        ring.wake()

    writer = threading.Thread(target=write)
    writer.start()
    time_index = heard = 0
    while not done.is_set() or heard == 0 or ring.wait(0):
        ring.wait(0.1)
        while (block := ring.read()) is not None:
            assert block.start == time_index + block.lost
            assert block.samples[0] == block.start
            assert block.samples[-1] == block.start + len(block.samples) - 1
            time_index = block.start + len(block.samples)
            heard += len(block.samples)
    writer.join()
    assert heard + ring.lost >= total
