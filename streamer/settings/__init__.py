"""What may be set: one description of every setting, and the layers that its value comes from."""
