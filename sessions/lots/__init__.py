"""Products and lots: what a barcode says, what the clinic has, what a session used, and what may not be used."""
