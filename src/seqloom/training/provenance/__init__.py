"""The record of what a model was made with, and the commands that make it again."""
