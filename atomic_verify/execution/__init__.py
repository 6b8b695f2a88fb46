"""Execution: onnxruntime sessions, their providers, and the sandbox for strangers' models."""
