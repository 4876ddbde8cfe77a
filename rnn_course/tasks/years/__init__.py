"""Sentences with a year in them, at any position: which one?"""
