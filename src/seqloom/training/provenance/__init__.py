"""What a model was made with, and how it is made again."""
