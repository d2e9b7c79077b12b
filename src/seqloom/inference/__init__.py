"""Lines → predictions, by PyTorch or by an exported graph. Only `torch_engine.py` knows torch."""
