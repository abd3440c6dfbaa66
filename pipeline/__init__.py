"""Partwork: long-form guides, published in parts.

The rooms and who may import whom are drawn in ARCHITECTURE.md.
"""
