"""Read the arrays of an ``.npz`` file that may come from anywhere.

`numpy.load` takes as much memory as a file says it needs, and decompresses what is a thousand times its size. So this
takes only what `numpy.savez` writes: plain numbers, stored and not compressed, whose sizes are those of the bytes that
are there.
"""

import io
import math
import re
import struct
import zipfile
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST_ARRAYS = 100
_MOST_NAME = 100
# The record at the end of an archive: its mark, what is not needed, entries, bytes of the directory, where it begins,
# and the length of a comment, which there is none.
_END = struct.Struct("<4s6xHIIH")
_ENTRY_BYTES = 46
_HEADER = re.compile(
    rb"\{'descr': '(\|[iu]1|<f[248]|<[iu][248])', 'fortran_order': (True|False), "
    rb"'shape': \((\d{0,12}(?:, ?\d{1,12})*),?\), \} *\n"
)
_MAGIC = b"\x93NUMPY\x01\x00"


def read_arrays(content: bytes) -> dict[str, NDArray[Any]]:
    """The arrays, by name.

    Parameters
    ----------
    content : bytes
        The whole file. No more memory than a few times its size is taken.

    Raises
    ------
    ValueError
        If it is anything but what `numpy.savez` writes.
    """
    _check_directory(content)
    arrays: dict[str, NDArray[Any]] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as file:
            members = file.infolist()
            if sum(member.file_size for member in members) > len(content):
                raise ValueError("arrays that are larger than their file")
            for member in members:
                if member.compress_type != zipfile.ZIP_STORED:
                    raise ValueError("an array that is compressed")
                name = member.filename.removesuffix(".npy")
                if name in arrays:
                    raise ValueError("two arrays of one name")
                arrays[name] = _array(file.read(member))
    except (zipfile.BadZipFile, EOFError, OSError, RuntimeError, struct.error, OverflowError, IndexError) as error:
        # An encrypted archive is a RuntimeError, one of a later version the NotImplementedError among them.
        raise ValueError(f"no archive of arrays ({error})") from error
    return arrays


def _check_directory(content: bytes) -> None:
    """Refuse a directory that takes long to read, before zipfile reads it."""
    if len(content) < _END.size:
        raise ValueError("no archive")
    mark, entries, size, _, comment = _END.unpack(content[-_END.size :])
    large = content[-_END.size - 20 : -_END.size].startswith(b"PK\x06\x07")  # its numbers would stand elsewhere
    if mark != b"PK\x05\x06" or comment or large:
        raise ValueError("no archive as numpy writes it")
    if entries > MOST_ARRAYS or size > MOST_ARRAYS * (_ENTRY_BYTES + _MOST_NAME):
        raise ValueError("an archive of too many arrays")


def _array(content: bytes) -> NDArray[Any]:
    """One array from the bytes of its own file."""
    length = struct.unpack("<H", content[8:10])[0] if content.startswith(_MAGIC) and len(content) > 10 else 0
    header = _HEADER.fullmatch(content[10 : 10 + length])
    if header is None:
        raise ValueError("an array of other than numbers, or of another version than numpy writes")
    descr, fortran, numbers = header.groups()
    dtype = np.dtype(descr.decode())
    shape = tuple(int(number) for number in numbers.split(b",") if number.strip())
    values = content[10 + length :]
    if dtype.itemsize * math.prod(shape) != len(values):
        raise ValueError("an array that is cut short")
    array = np.frombuffer(values, dtype).reshape(shape, order="F" if fortran == b"True" else "C")
    return np.ascontiguousarray(array)
