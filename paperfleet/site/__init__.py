"""The documentation site: pages of docs/ beside reference pages that are made from the code when the site is built."""
