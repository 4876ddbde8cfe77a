"""The loop of gradient descent, its bookkeeping and checks, and the files that keep a run."""
