"""Charts as geometry: numbers in, positions of plain SVG out. The markup is the templates' business."""
