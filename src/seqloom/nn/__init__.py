"""The parts of the network: cells, attention, encoders, bridge, decoders and readout, and the loss.

All of them map tensors to tensors and know nothing of strings or files; symbols are numbers here.
"""
