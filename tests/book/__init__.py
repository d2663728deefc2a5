"""Tests of the book. (A package, so that other folders may have a test_browser.py too.)"""
