"""What the slides show, a file for each section of the deck: this is what to read first."""
