"""Digits: their data, a classifier that judges them, and the GAN that makes them."""
