"""Tasks beside language models, and GPT-2 beside the models that are trained here."""

GPT2 = "gpt2"  # its name among the models
