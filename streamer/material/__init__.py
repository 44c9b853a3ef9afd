"""Sound that is made rather than recorded: assembled, synthesised, augmented."""
