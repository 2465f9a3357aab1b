"""Workers for the proofs about sheets: some hurt on purpose, some without one of our cares, for negative controls."""
