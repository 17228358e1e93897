"""Who disturbs a core: gaps of a spinning thread, joined to what the kernel says it did meanwhile."""
