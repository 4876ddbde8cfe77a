"""Bach's chorales: which notes go with a melody, and which come next."""
