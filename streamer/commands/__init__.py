"""What the command line is made of: its options, and what its commands put together."""
