"""Bach's chorales: which notes go with a melody, and which come next?

`task` has a melody as x and its bass as y, and splits the chorales; `frames` has the piano keys of
all parts, those of the next step as y. Both take their music from `corpus`, which starts `reader`
as processes of their own and keeps what they read in a `cache`.
"""
