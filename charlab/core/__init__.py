"""The language model itself, in NumPy: about an hour to read, in this order, with docs/tour.md beside it.

    vocab         characters and their ids
    ops           the functions that the networks are made of
    recurrent     GRU and LSTM: the equations first, then the cells that compute them fast
    transformer   attention over the characters before
    ngram         a model without a network: what followed what, counted
    predictor     the interface of all these, and how one is built from its weights
    sampling      from logits to a chosen character
    generation    the loop that generates text
    reading       what a model expected of a text that exists, and the loss on it

The rest can wait: config (every setting), kinds (what differs between kinds of model), summary (layers and
parameters in words), display (characters made visible) and matmul (what makes matrix products fast).
"""
