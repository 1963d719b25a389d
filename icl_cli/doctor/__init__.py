"""Is this a good place to work? Checks of versions, devices, database, file system and caches, each with a remedy."""
