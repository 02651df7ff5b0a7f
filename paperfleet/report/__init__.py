"""Reports as one HTML file each: no script, nothing loaded from elsewhere."""
