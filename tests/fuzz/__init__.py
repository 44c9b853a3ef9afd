"""Hostile files by the thousand: what is read from them is used or refused in one line, within time and memory.

Each kind is a program, such as ``python -m tests.fuzz.models --count 1500 --seed 0``. The same seed makes the same
files.
"""
