"""The screens of the audit log: who opened this record, the search, the file for a spreadsheet; and the words they use."""
