"""What each paper says, as plain values out of the rows it is about. What is printed is these values and nothing else."""
