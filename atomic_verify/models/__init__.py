"""Models: their manifests, the installed library, and codecs between raw items, tensors and typed answers."""
