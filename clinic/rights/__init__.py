"""
What a patient may ask for, and what the law asks of the clinic: the whole record in the patient's hands, and its end.

    retention   how long a record is kept, and who is due
    erasing     one patient's data, gone in one transaction under its order
    leftovers   what lies outside that transaction: files, and what the database's own files still hold
    journal     the orders outside the database, for a restored backup
    content     rows as the export writes them; schema describes it
    exporting   the archive of one patient, or of everything
"""
