"""Checkpoint -> classifier. The only room that knows torch, transformers and ONNX Runtime."""
