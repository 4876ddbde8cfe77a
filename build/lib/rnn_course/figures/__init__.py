"""Figures: what several chapters share, and a module for each chapter with its own drawings."""
