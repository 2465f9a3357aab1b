"""The release after this one, as far as its tables go: two columns grow, and both belong to tables that guards name."""
