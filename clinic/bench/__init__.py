"""
`make bench`: each task beside its floor, the least that could do the same work here. Machines are noisy, so the figures that
count are ratios inside one run; wall times fail nothing.
"""
