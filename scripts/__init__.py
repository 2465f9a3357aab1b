"""What the Makefile calls: environment, supervisor, checks. Standard library only, so that it runs before anything is installed."""
