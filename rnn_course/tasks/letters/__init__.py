"""What does each letter of a word say?"""
