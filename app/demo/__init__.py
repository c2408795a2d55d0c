"""An invented county (or province) to try the service on: people, stations, a pool, and a year of quarrels up to now.

The same seed makes the same people. Nobody is meant; telephone numbers all begin with 1990000.
"""
