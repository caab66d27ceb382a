"""Reports of studies of the time until an event: evaluation, figures, tables, pages."""
