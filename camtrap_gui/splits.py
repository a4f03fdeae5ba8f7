"""Dividing locations into train, val and test."""
