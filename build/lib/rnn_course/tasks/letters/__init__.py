"""What does each letter of a word say? CMUdict, with an output for each input.

`task` builds the data set; `alignment` learns which letter says which phones.
"""
