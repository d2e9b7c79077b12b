"""One update of the weights: gradients, clipping, the optimiser and its schedule, averages of weights, skipped
updates."""
