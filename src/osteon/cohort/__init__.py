"""Who is in: eligibility, reference standard, split, flow."""
