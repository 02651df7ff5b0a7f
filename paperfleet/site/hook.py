"""What mkdocs runs when it builds the site: adds the pages that are made from the code."""

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from paperfleet.site.pages import pages


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """The files of docs/, and the reference pages."""
    for path, make in pages().items():
        files.append(File.generated(config, path, content=make()))
    return files
