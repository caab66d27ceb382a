"""Tables, figures, flow charts and pages that a reader of a paper expects."""
