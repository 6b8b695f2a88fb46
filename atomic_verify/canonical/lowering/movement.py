"""Tensors moved without arithmetic."""
