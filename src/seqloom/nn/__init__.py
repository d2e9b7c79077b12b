"""The parts of the network: cells, attention, encoder, bridge, decoders and readout, and the loss.

All of them map tensors to tensors and know nothing of strings, files or vocabularies.
"""
