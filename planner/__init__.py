"""
The planner: case and knowledge in, proposal out.

Pure Python. No Django, no clock, no database, no settings: everything it needs comes in as an argument.
"""
