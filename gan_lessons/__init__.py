"""The small, tested package behind every claim of the book *GAN Lessons*.

Import the module you need: ``from gan_lessons import toy``.
Nothing is imported here, so that ``import gan_lessons`` costs nothing.

A module imports only from the floors below its own:

====== ==============================================================================
floor  modules
====== ==============================================================================
6      ``figures`` (interactive)
5      ``plots`` (static)
4      ``curves`` (what a 1-D run looks like, exactly)
3      ``toy`` (the 1-D experiment)
2      ``training`` (the one loop), ``divergences``, ``theory``
1      ``densities``, ``losses``, ``networks``, ``penalties``
====== ==============================================================================
"""

__version__ = "0.1.0"
