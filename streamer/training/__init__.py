"""Fitting, adapting and tuning models."""
