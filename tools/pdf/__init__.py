"""The whole book as one PDF for paper: ``make pdf`` after ``make book``.

- ``pieces``: what becomes of the parts of a page on paper;
- ``links``: ids, pictures and links of a page that becomes a part of one file;
- ``joined``: all built pages in one HTML file, in the order of the table of contents;
- ``printed``: that file in Chromium: formulas set, page numbers filled in, printed;
- ``checks``: what must be true of the PDF.

The pages are those of the built book, so that numbers of equations, theorems and exercises are
those that readers of the web pages see.
"""
