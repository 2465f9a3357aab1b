"""Numbers in Spanish: a depth reads the same in every language, so the decimal sign is the point, and nothing parts thousands."""

DECIMAL_SEPARATOR = "."
THOUSAND_SEPARATOR = ""
USE_THOUSAND_SEPARATOR = False
NUMBER_GROUPING = 0
