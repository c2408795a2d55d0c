"""Figures of this machine: each topic measures the real thing beside something known, in the same run."""
