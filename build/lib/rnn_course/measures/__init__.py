"""What to ask of a network: its graph, its gradients, what it knows; and what it has to beat."""
