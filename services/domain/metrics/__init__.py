"""What closed trades came to: sums that add up, courses that join, and the figures that follow from both."""
