"""Tensors → tensors: cells, attention, encoder, decoders, bridge, readout. No strings, files or vocabularies."""
