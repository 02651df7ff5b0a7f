"""Building and checking the front end in `web/`: finds Node, installs its packages, runs its tools."""
