"""The small, tested package behind every claim of the book *GAN Lessons*.

Import the module you need: ``from gan_lessons import toy``.
Nothing is imported here, so that ``import gan_lessons`` costs nothing.

A module imports only from the floors below its own:

====== ==============================================================================
floor  modules
====== ==============================================================================
6      ``figures`` (interactive), ``exercises`` (they check your answer), ``plots_theory`` (static)
5      ``plots`` (static)
4      ``curves`` (what a 1-D run looks like, exactly), ``learning_curves`` (of classifiers),
       ``snapshots``, ``discriminators`` (fitted at a fixed G), ``shift_gan``
3      ``toy`` (the 1-D experiment), ``gradients`` (what D does to G), ``classifiers``,
       ``estimators`` (of divergences, from samples), ``dynamics`` (the Dirac-GAN),
       ``fits`` (of one Gaussian to two modes)
2      ``training`` (the one loop), ``divergences``, ``f_divergences``, ``theory``,
       ``updates`` (steps of two players)
1      ``densities``, ``losses``, ``networks``, ``penalties``, ``objectives``,
       ``finite_game``, ``laws``, ``integrands``, ``quadrature`` (under the divergences)
====== ==============================================================================
"""

__version__ = "0.1.0"
