"""Detection on more machines than one: in shards, where nothing but a shared folder connects them, or with Ray."""
