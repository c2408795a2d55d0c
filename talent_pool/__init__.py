"""Who can mediate: the pool of mediators, the tree of regions, the taxonomy of quarrels."""
