"""Which notes are sent for those that are played: keys and scales, zones, harmony."""
