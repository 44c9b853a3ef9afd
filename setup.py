"""The compiled core is built where there is a compiler; without one the package is whole, and slower."""

from setuptools import setup

setup(cffi_modules=["core/build_core.py:ffibuilder"])
