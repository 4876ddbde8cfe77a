"""What is drawn: what several chapters share, and a file for each chapter that draws its own."""
