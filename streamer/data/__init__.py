"""Labelled recordings: data sets on disk, their formats, and recording new ones."""
