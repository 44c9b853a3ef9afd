"""Data sets, training and evaluation. Nothing on the live path imports this package."""
