"""Labelled images, wherever they lie."""
