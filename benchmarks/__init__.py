"""Measurements, run by hand: ratios within one run, because machines are noisy."""
