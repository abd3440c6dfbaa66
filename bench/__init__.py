"""Benchmarks: figures side by side with peers, never tests."""
