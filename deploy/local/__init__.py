"""The local stack behind `paperfleet up`: servers, processes, the live screen."""
