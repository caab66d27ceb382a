"""What training could see of the test: the same people, films, pixels, and tells of the class."""
