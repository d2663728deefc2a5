"""What is published of one version: ``make release``.

- ``tree``: is this commit fit for it, and a clean copy of it;
- ``network``: run a command that cannot reach the network;
- ``wheel``: the package, with everything in it that is no Python;
- ``archive``: the book in one file to download, and the checksums.

Everything is made in the clean copy, so that nothing counts that is not in the commit, and with the
network blocked, so that nothing counts that is not in the environment.
"""
