"""What the results are worth: pure functions of arrays, each answering with an interval."""
