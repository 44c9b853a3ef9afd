"""From evidence to decisions: when notes begin and end."""
