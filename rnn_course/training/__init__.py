"""The loop of gradient descent, what it refuses, and the files in which a run is kept."""
