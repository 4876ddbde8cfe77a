"""The same steps as in `cells` and `networks`, with the way back written out by hand: faster, not other."""
