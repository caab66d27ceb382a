"""A study folder and the stages that fill it."""
