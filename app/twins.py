"""Is this quarrel already on the books? The scope's cases of the last months that look like the one being written down."""
