"""The small, tested package behind every claim of the book *GAN Lessons*.

Import the module you need: ``from gan_lessons import toy``.
Nothing is imported here, so that ``import gan_lessons`` costs nothing.

A module imports only from the floors below its own:

====== ==============================================================================
floor  modules
====== ==============================================================================
8      ``__main__`` (the command line)
7      ``figures`` (interactive), ``exercises`` (they check your answer), ``plots_theory`` (static)
       ``commands`` (of the command line), ``plots_digits`` (static)
6      ``plots`` (static), ``quick_curves`` (of many runs, nearly exact)
5      ``curves`` (what a 1-D run looks like, exactly), ``learning_curves`` (of classifiers),
       ``snapshots``, ``discriminators`` (fitted at a fixed G), ``shift_gan``,
       ``contest`` (every method on the same toys), ``digits8`` (few labels),
       ``variants`` (the 1-D experiment with one part exchanged),
       ``failures`` (how 1-D runs ended, and how often)
4      ``toy`` (the 1-D experiment), ``gradients`` (what D does to G), ``classifiers``,
       ``estimators`` (of divergences, from samples), ``dynamics`` (the Dirac-GAN),
       ``fits`` (of one Gaussian to two modes), ``mnist`` (digits),
       ``plane`` (round modes in 1-D and 2-D), ``semisupervised`` (D is a classifier),
       ``balls`` (density, coverage, copies), ``conditional`` (labels, exactly),
       ``methods`` (what sets each way of training apart)
3      ``training`` (the one loop), ``batches`` (of a density), ``interrupts`` (Ctrl-C),
       ``divergences``, ``f_divergences``, ``theory``,
       ``updates`` (steps of two players), ``alternatives`` (other losses),
       ``optima`` (at the best D), ``batch_layers`` (D sees many samples),
       ``techniques`` (labels, memory), ``norms`` (batch normalisation),
       ``metrics`` (of samples), ``neighbours`` (distances between them),
       ``kernels`` (how alike they are)
2      ``densities``, ``losses``, ``networks``, ``penalties``, ``objectives``,
       ``finite_game``, ``laws``, ``integrands``, ``quadrature`` (under the divergences),
       ``optimiser`` (Adam), ``history`` (of losses), ``checkpoints`` (files), ``loop_settings``,
       ``processes`` (several GPUs), ``graphs`` (CUDA), ``averages`` (of weights)
1      ``samples`` (what the players pass to each other), ``devices``, ``checks`` (of arguments)
====== ==============================================================================
"""

__version__ = "0.1.0"
