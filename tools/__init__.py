"""Scripts of the maintainers, tested like the rest. None of them is part of the package."""
