"""In which year? Sentences with a year at any position.

`task` draws the data set and its splits; `wordings` writes the sentences and answers them by rule.
"""
