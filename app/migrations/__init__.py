"""The schema's history, run by `diandan db upgrade`."""
