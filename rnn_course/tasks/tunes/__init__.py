"""Irish tunes in ABC notation: which character comes next?

`corpus` reads the tunes that music21 ships and leaves of each what is played, `task` splits them by
family, and `streams` lays them end to end for truncated back-propagation.
"""
