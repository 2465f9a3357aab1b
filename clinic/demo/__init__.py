"""
The demo clinic: invented people, four weeks back and four ahead, made by the clinic's own services.

`staff` and `people` are data, `stories` says what happens to each person, `build` lets it happen.
"""
